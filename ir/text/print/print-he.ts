/**
 * Programs of the levels `he` and `plan` as text. Levels, scales, sizes and plainScales mean nothing in a module
 * without parameters and are printed only for one with parameters.
 */
import { heOp, type HeModule, opCount } from '../../he/module.ts';
import { plaintextAt } from '../../he/plaintexts.ts';
import { FREES_A, FREES_B, type ScheduleColumns, type PlanModule } from '../../plan/plan.ts';
import { heOpTextsByCode } from '../syntax/he-text.ts';
import { printNodes } from './print-origins.ts';
import { formatNumber } from './print-value.ts';

/** The plaintext pool, the table of origins and the ops, one line each. */
export function printProgram(module: HeModule | PlanModule): readonly string[] {
  const schedule = module.level === 'plan' ? module.schedule : undefined;
  const lines: string[] = [];
  for (let id = 0; id < module.plaintexts.source.length; id++) {
    const { source, tile, shift, inner } = plaintextAt(module.plaintexts, id);
    lines.push(`plain #${id} = @${source} tile ${tile} shift ${shift} inner ${inner}`);
  }
  for (const [i, nodes] of module.origins.entries()) {
    lines.push(`origin $${i} = ${nodes.length === 0 ? 'none' : printNodes(nodes)}`);
  }
  const program: HeModule = { ...module, level: 'he' };
  for (let id = 0; id < opCount(program); id++) lines.push(printOp(program, id, schedule));
  return lines;
}

function printOp(module: HeModule, id: number, schedule: ScheduleColumns | undefined): string {
  const { op, a, b, imm, level, scale, size, plainScale, origin } = heOp(module, id);
  const managed = module.parameters !== undefined;
  const text = heOpTextsByCode[module.columns.op[id] ?? 0];
  let line = `%${id} = ${op}`;
  const [first, second] = text?.operands ?? [];
  if (first !== undefined) line += ` ${sigils[first]}${a}`;
  if (second !== undefined) line += `, ${sigils[second]}${b}`;
  const attributes: string[] = [];
  if (text?.imm !== undefined) attributes.push(`${text.imm}: ${imm}`);
  if (managed && plainScale !== 0) attributes.push(`plainScale: ${formatNumber(plainScale)}`);
  if (attributes.length > 0) line += ` {${attributes.join(', ')}}`;
  if (managed) line += ` : ct level ${level} scale ${formatNumber(scale)} size ${size}`;
  if (schedule !== undefined) {
    line += ` buffer ${schedule.buffer[id] ?? 0} group ${schedule.group[id] ?? 0}${printFrees(schedule.frees[id] ?? 0)}`;
  }
  if (module.origins.length > 0) line += ` from $${origin}`;
  return line;
}

const sigils = { value: '%', plaintext: '#' } as const;

function printFrees(flags: number): string {
  const a = (flags & FREES_A) === 0 ? '' : ' a';
  const b = (flags & FREES_B) === 0 ? '' : ' b';
  return flags === 0 ? '' : ` frees${a}${b}`;
}

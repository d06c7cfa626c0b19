/** What was measured last of each network, so that one can be measured again without the others. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { CompileFigures } from './measure.ts';

const figuresSchema = z.record(
  z.string(),
  z.strictObject({
    // Neither of what was ended.
    cpuMs: z.number().optional(),
    peakBytes: z.number().optional(),
    refusal: z.string().optional(),
    date: z.string(),
    machine: z.string(),
    node: z.string(),
  }),
);

/** By network. */
export type Figures = z.output<typeof figuresSchema>;

const file = join(import.meta.dirname, 'figures.json');

export function readFigures(): Figures {
  return figuresSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export function writeFigures(figures: Figures): void {
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
}

/** The figures with where and when they were measured: now, on this machine. */
export function measuredHere({ cpuMs, peakBytes, refusal }: CompileFigures): Figures[string] {
  const [load = 0] = loadavg();
  const isBusy = load > cpus().length;
  const processor = cpus()[0]?.model.trim() ?? 'an unknown processor';
  return {
    ...(!Number.isNaN(cpuMs) && { cpuMs, peakBytes }),
    ...(refusal !== undefined && { refusal }),
    date: new Date().toISOString().slice(0, 10),
    machine: isBusy ? `${processor} (busy, load ${load.toFixed(0)} on ${cpus().length})` : processor,
    node: process.versions.node,
  };
}

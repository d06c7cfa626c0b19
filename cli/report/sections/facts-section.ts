/** What goes in and out of a plan, and what it takes: the head of a report. */
import { evaluationMilliseconds } from '../../../costs/plan-statistics.ts';
import { profileOf } from '../../../costs/profiles.ts';
import { modulusBits } from '../../../ir/parameters.ts';
import { parallelBound } from '../../../costs/parallel-bound.ts';
import type { InputBounds } from '../../../ir/plan/element-bounds.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { describeClientSteps } from '../../render/client-steps.ts';
import { describeEngine, lastForKeys, memoryOf } from '../../render/plan-summary.ts';
import { describeLabels } from '../../render/accuracy.ts';
import { formatError, formatLimit } from '../../../ir/maths/error-unit.ts';
import { formatBytes, formatMilliseconds, formatShape, plural } from '../../render/units.ts';
import { html, type Html, shorten } from '../drawing/html.ts';

/** The numbers that are asked for first. */
export function headline(plan: Plan): Html {
  const { client, engine, statistics } = plan;
  const milliseconds = evaluationMilliseconds(plan);
  const facts: readonly (readonly [value: string, what: string])[] = [
    [formatMilliseconds(milliseconds), 'an evaluation on one thread, by the cost model'],
    ...(client.batch === 1
      ? []
      : [[formatMilliseconds(milliseconds / client.batch), `a sample, ${client.batch} at once`] as const]),
    [statistics.weightTiles.toLocaleString('en-US'), 'weight tiles'],
    [statistics.rotations.toLocaleString('en-US'), 'rotations'],
    [formatBytes(statistics.peakBytes), `peak memory${memoryOf(engine)}`],
    [`${statistics.inputCiphertexts} + ${statistics.outputCiphertexts}`, `ciphertexts in and out`],
    [formatError(client.predictedMaxError), `predicted error, ${formatLimit(client.maxError)} allowed`],
    ...(client.synthetic || plan.search?.accuracy === undefined
      ? []
      : describeLabels(plan.search.accuracy).map(([what, value]) => [value, what] as const)),
  ];
  return html`<ul class="tiles">
    ${facts.map(([value, what]) => html`<li><strong>${value}</strong><span>${what}</span></li> `)}
  </ul>`;
}

export function factsSection(plan: Plan): Html {
  const { client, weights, bound, statistics, program, schedule } = plan;
  const { parameters } = client;
  const steps = describeClientSteps(client);
  const { costs } = profileOf(plan.engine);
  const groups = (schedule.group.at(-1) ?? -1) + 1;
  const facts: readonly (readonly [name: string, value: Html | string])[] = [
    ...steps.before.map((line) => ['before encryption', html`<code>${shorten(line, 240)}</code>`] as const),
    ...client.inputs.map((input) => ['input', html`${describePort(input)}, ${describeRange(input)}`] as const),
    ...client.outputs.map((output) => ['output', describePort(output)] as const),
    ...steps.after.map((line) => ['after decryption', html`<code>${shorten(line, 240)}</code>`] as const),
    ['engine', describeEngine(plan)],
    ['batch', `${plural(client.batch, 'sample')} a run`],
    [
      'weights',
      weights === 'plain'
        ? 'plain: the server knows them'
        : `encrypted, ${bound === undefined ? 'not bound yet' : 'bound to one key'}`,
    ],
    [
      'parameters',
      `N = ${parameters.polyModulusDegree}, ${modulusBits(parameters)} bits of modulus ` +
        `(${statistics.modulusBits.join(' + ')}, ${lastForKeys(plan.client.parameters)} for key switching)`,
    ],
    [
      'keys',
      `${plural(statistics.galoisKeys, 'Galois key')}, ${formatBytes(statistics.galoisKeyBytes)} with both halves`,
    ],
    ['error', 'as a fraction of the median over samples of the largest absolute output'],
    [
      'workers',
      `${plural(groups, 'group')} of operations; two workers are at most ` +
        `${parallelBound(program, 2, costs).toFixed(2)} times as fast, four ${parallelBound(program, 4, costs).toFixed(2)} times`,
    ],
  ];
  return html`<section id="plan">
    <h2>Plan</h2>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    ${
      client.synthetic
        ? html`<p class="warning">
            Compiled without calibration samples: ranges and the predicted error come from uniform samples in [0, 1].
            Compile with --calibrate before relying on it.
          </p>`
        : undefined
    }
  </section>`;
}

/** Of values that the plan was compiled for; larger ones are refused, or clipped where nothing depends on how large they are. */
function describeRange({ maxAbs, groups }: InputBounds): string {
  const range = `values up to ±${Number(maxAbs.toPrecision(3))}`;
  return groups === undefined
    ? range
    : `${range}, ${plural(groups.groups.length, 'group')} of elements with ranges of their own`;
}

function describePort({
  name,
  shape,
  layout,
}: Plan['client']['inputs'][number] | Plan['client']['outputs'][number]): Html {
  return html`<code>${shorten(name, 120)}</code> ${formatShape(shape)} as <code>${layout.toString()}</code>,
    ${plural(layout.ciphertexts, 'ciphertext')}`;
}

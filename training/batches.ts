/** Batches for several steps, cut from the samples in a given order. */

export interface Batches {
  readonly steps: number;
  /** [steps, batch, …input], flat. */
  readonly inputs: Float32Array;
  /** [steps, batch, outputs], flat; empty where the target is the input. */
  readonly targets: Float32Array;
}

/** Rows of the same length, one for each sample. */
export interface Rows {
  readonly values: Float32Array;
  readonly size: number;
}

/** Elements of the inputs and targets of one run: 16 MiB of floats. */
const elementsAtOnce = 2 ** 22;

/** The batches of one pass over `order`, as many in one part as are run together; what fills no batch is left out. */
export function* batchesOf(
  order: Int32Array,
  batch: number,
  inputs: Rows,
  targets: Rows | undefined,
): Generator<Batches> {
  const perStep = batch * (inputs.size + (targets?.size ?? 0));
  const most = Math.max(1, Math.floor(elementsAtOnce / perStep));
  const total = Math.floor(order.length / batch);
  for (let first = 0; first < total; first += most) {
    const steps = Math.min(most, total - first);
    const chosen = order.subarray(first * batch, (first + steps) * batch);
    yield {
      steps,
      inputs: picked(inputs, chosen),
      targets: targets === undefined ? new Float32Array() : picked(targets, chosen),
    };
  }
}

/** The rows of some samples. */
export function picked({ values, size }: Rows, samples: Int32Array): Float32Array {
  const rows = new Float32Array(samples.length * size);
  for (const [i, sample] of samples.entries()) rows.set(values.subarray(sample * size, (sample + 1) * size), i * size);
  return rows;
}

/** Labels as rows with a one at the class. */
export function oneHot(labels: Int32Array, classes: number): Rows {
  const values = new Float32Array(labels.length * classes);
  for (const [sample, label] of labels.entries()) values[sample * classes + label] = 1;
  return { values, size: classes };
}

/** The softmax of `scores` / `temperature`, of each row of `size` scores. */
export function softmax(scores: Float32Array, size: number, temperature: number): Rows {
  const values = new Float32Array(scores.length);
  for (let first = 0; first < scores.length; first += size) {
    const row = scores.subarray(first, first + size);
    const largest = row.reduce((most, score) => Math.max(most, score), -Infinity);
    const powers = row.map((score) => Math.exp((score - largest) / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    values.set(
      powers.map((power) => power / sum),
      first,
    );
  }
  return { values, size };
}

/** The mean of two arrays of the same rows. */
export function mean(a: Rows, b: Rows): Rows {
  return { values: a.values.map((value, i) => (value + (b.values[i] ?? 0)) / 2), size: a.size };
}

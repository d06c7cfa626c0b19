/** Constants of signal processing: windows, and the weights that make mel bands of a spectrum. */
import { range } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid } from '../../proto/failure.ts';
import { checkedCount } from '../../proto/limits.ts';
import { constant, scalarOf } from '../../proto/term.ts';

/** A sum of cosines: Σ c_j cos(2π j n / N), with N one less than the size unless the window is periodic. */
export const cosineWindow =
  (...coefficients: readonly number[]): Rule =>
  (op) => {
    const size = count(op, 0, 'the size of the window');
    const period = op.flag('periodic', true) ? size : Math.max(1, size - 1);
    const at = (n: number) => coefficients.reduce((sum, c, j) => sum + c * Math.cos((2 * Math.PI * j * n) / period), 0);
    op.emit.charge(size);
    return [constant([size], Float64Array.from(range(size), at))];
  };

/** [bins of the spectrum, mel bands]: triangles that overlap by half (MelWeightMatrix, ONNX operators). */
export const melWeightMatrix: Rule = (op) => {
  const bands = count(op, 0, 'the number of mel bands');
  const length = count(op, 1, 'the length of the DFT');
  const [rate, low, high] = [2, 3, 4].map((i) => scalarOf(op.input(i), 'a frequency'));
  if (rate === undefined || low === undefined || high === undefined || rate <= 0) throw invalid('a sample rate of 0');
  const bins = Math.floor(length / 2) + 1;
  checkedCount([bins, bands]);
  op.emit.charge(bins * bands);
  const step = (mel(high) - mel(low)) / (bands + 2);
  const edges = range(bands + 2).map((i) => Math.floor(((length + 1) * frequency(mel(low) + i * step)) / rate));
  if (edges.some((edge) => edge < 0 || edge > bins)) throw invalid('the mel bands reach beyond the spectrum');
  const weights = new Float64Array(bins * bands);
  for (let band = 0; band < bands; band++) {
    const [from = 0, center = 0, to = 0] = edges.slice(band, band + 3);
    const set = (bin: number, weight: number) => {
      if (bin < bins) weights[bin * bands + band] = weight;
    };
    if (from === center) set(center, 1);
    else for (let bin = from; bin <= center; bin++) set(bin, (bin - from) / (center - from));
    for (let bin = center; bin < to; bin++) set(bin, (to - bin) / (to - center));
  }
  return [constant([bins, bands], weights)];
};

function mel(hertz: number): number {
  return 2595 * Math.log10(1 + hertz / 700);
}

function frequency(own: number): number {
  return 700 * (10 ** (own / 2595) - 1);
}

function count(op: Operation, i: number, what: string): number {
  const size = scalarOf(op.input(i), what);
  if (!Number.isInteger(size) || size < 1) throw invalid(`${what} is ${size}`);
  checkedCount([size]);
  return size;
}

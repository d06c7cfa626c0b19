/**
 * The rotations that a convolution needs between layouts in which slots are sums of a part that a channel has and one that
 * a position in it has: what a tap of one channel needs is the same for all channels but for where these stand. So positions
 * are looked at once for all channels, and channels once for all taps with weights for the same ones, in place of every
 * non-zero.
 */
import type { WindowMap } from '../../../ir/tensor/window-map.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import { addRest, restsIn, wordsFor } from './rest-set.ts';
import type { StepTable } from './steps.ts';

/**
 * Notes all steps in `table`; those of a row in slot s start at s without the bits `own`, in which operands hold copies.
 * Returns false, and notes nothing, where slots are no such sums.
 */
export function noteWindowSteps(table: StepTable, map: WindowMap, input: Layout, output: Layout, own: number): boolean {
  const { channelElements } = map.windows;
  const period = input.period;
  const from = splitPlaces(input, channelElements, period, -1);
  const to = from && splitPlaces(output, map.positions, period, ~own);
  if (from === undefined || to === undefined) return false;
  const moves = new PositionMoves(map, from, to, period);
  for (const { channels, taps } of tapsByChannels(map, from, to, period)) {
    for (const { o, c, shift } of channels) {
      const [outputs, inputs] = [to.firstOf[o] ?? 0, from.firstOf[c] ?? 0];
      for (const move of moves.between(to.patternOf[o] ?? 0, from.patternOf[c] ?? 0, taps)) {
        const [output, input] = [outputs + move.output, inputs + move.input];
        if (move.rests === undefined) table.noteMoved(output, input, move.set, shift);
        else for (const rest of move.rests) table.note(output, input, rest + shift);
      }
    }
  }
  return true;
}

/** Where elements stand, by their channel and their position in it. Slots are modulo the period of the operand. */
interface SplitPlaces {
  /** An element stands in the slot that is the sum of these. */
  readonly slotOfChannel: Int32Array;
  readonly slotOfPosition: Int32Array;
  /** By channel: the ciphertext of its first position, and which of `patterns` says how much further its others are. */
  readonly firstOf: Int32Array;
  readonly patternOf: Int32Array;
  readonly patterns: readonly Int32Array[];
}

/** Of all slots the bits `kept`. Undefined where slots are no sums. */
function splitPlaces(layout: Layout, positions: number, period: number, kept: number): SplitPlaces | undefined {
  const places = layout.firstPlaces();
  const V = layout.virtualSlots;
  const bits = kept & (period - 1);
  const channels = Math.floor(places.length / positions);
  const slotOfChannel = new Int32Array(channels);
  const slotOfPosition = places.subarray(0, positions).map((place) => place & bits);
  const firstOf = new Int32Array(channels);
  const patternOf = new Int32Array(channels);
  const patterns: Int32Array[] = [];
  const pattern = new Int32Array(positions);
  for (let channel = 0; channel < channels; channel++) {
    const at = channel * positions;
    const first = Math.floor((places[at] ?? 0) / V);
    const slot = ((places[at] ?? 0) & bits) - (slotOfPosition[0] ?? 0);
    for (let position = 0; position < positions; position++) {
      const place = places[at + position] ?? 0;
      if (((slot + (slotOfPosition[position] ?? 0) - (place & bits)) & (period - 1)) !== 0) return undefined;
      pattern[position] = (place - (place & (V - 1))) / V - first;
    }
    slotOfChannel[channel] = slot;
    firstOf[channel] = first;
    const known = patterns.findIndex((other) => other.every((each, position) => each === pattern[position]));
    patternOf[channel] = known === -1 ? patterns.push(pattern.slice()) - 1 : known;
  }
  return { slotOfChannel, slotOfPosition, firstOf, patternOf, patterns };
}

/** By how much the ciphertexts of result and operand are further than those of their channels' first positions. */
interface Move {
  readonly output: number;
  readonly input: number;
  readonly set: Int32Array;
  /** Those of the set, where they are few. */
  readonly rests: readonly number[] | undefined;
}

/** From positions of a result to the elements that taps read, by the patterns of their channels. */
class PositionMoves {
  private readonly known = new Map<string, readonly Move[]>();
  private readonly map: WindowMap;
  private readonly from: SplitPlaces;
  private readonly to: SplitPlaces;
  private readonly period: number;

  constructor(map: WindowMap, from: SplitPlaces, to: SplitPlaces, period: number) {
    this.map = map;
    this.from = from;
    this.to = to;
    this.period = period;
  }

  between(toPattern: number, fromPattern: number, taps: readonly number[]): readonly Move[] {
    const key = `${toPattern} ${fromPattern} ${taps[0] ?? -1}`;
    let moves = this.known.get(key);
    if (moves === undefined) this.known.set(key, (moves = this.find(toPattern, fromPattern, taps)));
    return moves;
  }

  private find(toPattern: number, fromPattern: number, taps: readonly number[]): readonly Move[] {
    const { from, to, period } = this;
    const { windows, positions } = this.map;
    const [outputs, inputs] = [to.patterns[toPattern], from.patterns[fromPattern]];
    const most = 1 + (inputs?.reduce((far, each) => Math.max(far, each), 0) ?? 0);
    const sets = new Map<number, Int32Array>();
    for (let position = 0; position < positions; position++) {
      const slot = to.slotOfPosition[position] ?? 0;
      const output = outputs?.[position] ?? 0;
      for (const tap of taps) {
        const element = windows.source[position * windows.taps + tap] ?? -1;
        if (element < 0) continue;
        const key = output * most + (inputs?.[element] ?? 0);
        let set = sets.get(key);
        if (set === undefined) sets.set(key, (set = new Int32Array(wordsFor(period))));
        addRest(set, ((from.slotOfPosition[element] ?? 0) - slot) & (period - 1));
      }
    }
    return Array.from(sets, ([key, set]): Move => {
      const rests = restsIn(set);
      const input = key % most;
      return { output: (key - input) / most, input, set, rests: rests.length < set.length ? rests : undefined };
    });
  }
}

/** Channels of result and operand between which taps have weights. */
interface ChannelPair {
  readonly o: number;
  readonly c: number;
  readonly shift: number;
}

interface TapGroup {
  readonly channels: readonly ChannelPair[];
  readonly taps: readonly number[];
}

/** All taps, those together that have weights between the same channels. Of pairs that move alike one is enough. */
function tapsByChannels(map: WindowMap, from: SplitPlaces, to: SplitPlaces, period: number): readonly TapGroup[] {
  const { perGroup, weights, windows, outputs } = map;
  const pairs: ChannelPair[] = [];
  /** By output and channel of its group: which of the pairs that is. */
  const pairAt = new Int32Array(outputs * perGroup);
  const known = new Map<string, number>();
  for (let o = 0; o < outputs; o++) {
    const first = map.firstChannel(o);
    for (let channel = 0; channel < perGroup; channel++) {
      const c = first + channel;
      const shift = ((from.slotOfChannel[c] ?? 0) - (to.slotOfChannel[o] ?? 0)) & (period - 1);
      const key = [to.firstOf[o], to.patternOf[o], from.firstOf[c], from.patternOf[c], shift].join(' ');
      let pair = known.get(key);
      if (pair === undefined) known.set(key, (pair = pairs.push({ o, c, shift }) - 1));
      pairAt[o * perGroup + channel] = pair;
    }
  }
  const groups = new Map<string, { channels: ChannelPair[]; taps: number[] }>();
  const used = new Uint8Array(pairs.length);
  for (let tap = 0; tap < windows.taps; tap++) {
    used.fill(0);
    for (let at = 0; at < pairAt.length; at++) if (weights[at * windows.taps + tap] !== 0) used[pairAt[at] ?? 0] = 1;
    const key = used.join('');
    let group = groups.get(key);
    if (group === undefined) {
      group = { channels: pairs.filter((_, pair) => used[pair] === 1), taps: [] };
      groups.set(key, group);
    }
    group.taps.push(tap);
  }
  return [...groups.values()];
}

/**
 * The rotations that a convolution needs between layouts that tell channels and positions apart: what a tap of one channel
 * needs is the same for all channels but for where these stand, so that positions are looked at once for each tap, and
 * channels once, in place of every non-zero.
 */
import type { WindowMap } from '../../../ir/tensor/window-map.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import type { StepTable } from './steps.ts';

/** Places of elements as sums of a part that their channel has and one of their position in it. */
interface SplitPlaces {
  readonly ofChannel: Places;
  readonly ofPosition: Places;
}

interface Places {
  readonly ciphertexts: Int32Array;
  readonly slots: Int32Array;
}

/**
 * Notes all steps in `table`, for operands without copies inside of their period. Returns false, and notes nothing, where
 * the layouts do not tell channels and positions apart.
 */
export function noteWindowSteps(table: StepTable, map: WindowMap, input: Layout, output: Layout): boolean {
  const { taps, channelElements } = map.windows;
  const from = splitPlaces(input, channelElements);
  const to = from && splitPlaces(output, map.positions);
  if (from === undefined || to === undefined) return false;
  for (let tap = 0; tap < taps; tap++) {
    const moves = positionMoves(map, tap, from, to, input.virtualSlots);
    if (moves.length === 0) continue;
    for (const between of channelMoves(map, tap, from, to, input.virtualSlots)) {
      for (const { output: o, input: c, rest } of moves)
        table.note(o + between.output, c + between.input, rest + between.rest);
    }
  }
  return true;
}

/** Undefined where the places of a layout are no such sums. */
function splitPlaces(layout: Layout, channelElements: number): SplitPlaces | undefined {
  const places = layout.firstPlaces();
  const V = layout.virtualSlots;
  const channels = Math.ceil(places.length / channelElements);
  const first = places[0] ?? 0;
  const ofChannel = placesOf(
    Int32Array.from({ length: channels }, (_, c) => places[c * channelElements] ?? 0),
    V,
  );
  const ofPosition = placesOf(places.subarray(0, channelElements), V);
  if (first !== 0) return undefined;
  for (let e = 0; e < places.length; e++) {
    const channel = Math.floor(e / channelElements);
    const position = e - channel * channelElements;
    const slot = (ofChannel.slots[channel] ?? 0) + (ofPosition.slots[position] ?? 0);
    const ciphertext = (ofChannel.ciphertexts[channel] ?? 0) + (ofPosition.ciphertexts[position] ?? 0);
    if (slot >= V || places[e] !== ciphertext * V + slot) return undefined;
  }
  return { ofChannel, ofPosition };
}

function placesOf(places: Int32Array, V: number): Places {
  const slots = places.map((place) => place & (V - 1));
  return { slots, ciphertexts: places.map((place, i) => (place - (slots[i] ?? 0)) / V) };
}

/** From one place to another: by how much ciphertexts and slots of result and operand differ from others with the same. */
interface Move {
  readonly output: number;
  readonly input: number;
  readonly rest: number;
}

/** Each once. */
class Moves {
  private readonly known = new Set<number>();
  private last = -1;
  private readonly inputs: number;
  private readonly V: number;
  readonly list: Move[] = [];

  constructor(inputs: number, V: number) {
    this.inputs = inputs;
    this.V = V;
  }

  add(output: number, input: number, rest: number): void {
    const key = (output * this.inputs + input) * 2 * this.V + rest + this.V;
    // Neighbouring positions mostly move alike.
    if (key === this.last) return;
    this.last = key;
    if (this.known.has(key)) return;
    this.known.add(key);
    this.list.push({ output, input, rest });
  }
}

function positionMoves(
  { windows: { source, taps }, positions }: WindowMap,
  tap: number,
  { ofPosition: from }: SplitPlaces,
  { ofPosition: to }: SplitPlaces,
  V: number,
): readonly Move[] {
  const moves = new Moves(1 + largest(from.ciphertexts), V);
  for (let position = 0; position < positions; position++) {
    const element = source[position * taps + tap] ?? -1;
    if (element < 0) continue;
    const rest = (from.slots[element] ?? 0) - (to.slots[position] ?? 0);
    moves.add(to.ciphertexts[position] ?? 0, from.ciphertexts[element] ?? 0, rest);
  }
  return moves.list;
}

function channelMoves(
  map: WindowMap,
  tap: number,
  { ofChannel: from }: SplitPlaces,
  { ofChannel: to }: SplitPlaces,
  V: number,
): readonly Move[] {
  const { perGroup, weights, windows } = map;
  const moves = new Moves(1 + largest(from.ciphertexts), V);
  for (let o = 0; o < map.outputs; o++) {
    const first = map.firstChannel(o);
    for (let channel = 0; channel < perGroup; channel++) {
      if (weights[(o * perGroup + channel) * windows.taps + tap] === 0) continue;
      const rest = (from.slots[first + channel] ?? 0) - (to.slots[o] ?? 0);
      moves.add(to.ciphertexts[o] ?? 0, from.ciphertexts[first + channel] ?? 0, rest);
    }
  }
  return moves.list;
}

function largest(numbers: Int32Array): number {
  return numbers.reduce((most, each) => Math.max(most, each), 0);
}

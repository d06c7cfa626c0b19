/** Which task is taken, by a clock of the test's. */
import { expect, test } from 'vitest';
import { Affinity, type Waiting } from '../../../../service/stores/affinity.ts';

interface Item extends Waiting {
  readonly name: string;
}

function item(keys: string, name = keys): Item {
  return { name, task: { job: name, part: 0, plan: 'p', keys }, passedSince: undefined };
}

const suits = ({ keys }: { readonly keys: string }): number => Number(keys === 'warm');

/** Takes `count` tasks, one each `stepMs`, of `cold` ones that are oldest and warm ones that never end. */
function take(cold: Item[], count: number, stepMs: number): string {
  const affinity = new Affinity();
  let order = '';
  for (let k = 0; k < count; k++) {
    const warm = item('warm');
    const [first = warm, ...others] = cold;
    const waiting = [first, ...others, ...(first === warm ? [] : [warm])] as const;
    const choice = affinity.choose(waiting, suits, k * stepMs);
    affinity.take(waiting, choice, k * stepMs);
    const at = cold.indexOf(choice.chosen);
    if (at >= 0) cold.splice(at, 1);
    order += at >= 0 ? choice.chosen.name : '.';
  }
  return order;
}

test('one that has been passed over for some seconds is next', () => {
  expect(take([item('A')], 12, 500)).toBe('........A...');
});

test('between two of those others are taken, so that what they cost is a part of the time', () => {
  expect(take([item('A'), item('B'), item('C')], 30, 500)).toBe('........A.......B.......C.....');
});

test('however long a task takes, none is passed over for more than half a minute', () => {
  expect(take([item('A'), item('B'), item('C')], 8, 20_000)).toBe('.ABC....');
});

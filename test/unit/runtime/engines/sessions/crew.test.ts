/** Questions to workers of whom some fail, die or hang: every one is answered. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Crew } from '../../../../../runtime/engines/sessions/crew.ts';
import type { Answer } from '../../../../../runtime/engines/sessions/protocol.ts';
import {
  abortTeam,
  abortWord,
  resetTeam,
  teamBytes,
  teamWords,
} from '../../../../../runtime/engines/simd/session/shared-team.ts';
import { liveWorkers } from '../../../../../runtime/engines/threads/worker-thread.ts';
import type { Order, OrderRequest } from './crew-orders.ts';

const entry = new URL('./crew-member.ts', import.meta.url);
let words: Int32Array;
let crew: Crew<OrderRequest>;
let onProgress: (part: number) => void;
/** Of the lanes of members: what has been told to stop. */
let stopped: number[];

function open(): void {
  onProgress = () => undefined;
  words = teamWords(new SharedArrayBuffer(teamBytes), 0);
  stopped = [];
  const lanes = [0, 1, 2].map((member) => ({ stop: () => void stopped.push(member), reset: () => undefined }));
  const sign = {
    stop: () => {
      abortTeam(words);
    },
    reset: () => {
      resetTeam(words);
    },
  };
  crew = new Crew<OrderRequest>(entry, 3);
  crew.heed(sign, lanes);
}

beforeEach(open);
afterEach(() => crew.terminate());

function ask(...orders: readonly [Order, Order, Order]): Promise<Answer[]> {
  return crew.ask(
    (member) => ({ order: orders[member] ?? 'answer', member, size: orders.length, words }),
    (part) => {
      onProgress(part);
    },
  );
}

/** What an answer comes to in one word or two. */
function summary(answer: Answer): string {
  if (answer.kind !== 'failed') return answer.kind;
  const { failure } = answer;
  return failure.reason === 'internal' ? `internal: ${failure.text}` : failure.reason;
}

async function answers(...orders: readonly [Order, Order, Order]): Promise<string[]> {
  return (await ask(...orders)).map(summary);
}

function isAborted(): boolean {
  return abortWord(words)[0] !== 0;
}

test('answers come in the order of the members, and progress on the way', async () => {
  const fractions: number[] = [];
  onProgress = (fraction) => fractions.push(fraction);
  const got = await ask('answer', 'progress', 'answer');
  expect(got.map((answer) => (answer.kind === 'done' ? answer.outputs[0]?.index : answer.kind))).toEqual([0, 1, 2]);
  expect(fractions).toEqual([0.5]);
  expect(await answers('meet', 'meet', 'meet')).toEqual(['done', 'done', 'done']);
  expect(isAborted()).toBe(false);
});

describe('a member that answers that it has failed', () => {
  test('releases those who wait for it, and the crew works again', async () => {
    const all = await answers('meet', 'fail', 'meet');
    expect(all).toEqual(['stopped', 'internal: told to', 'stopped']);
    expect(isAborted()).toBe(true);
    resetTeam(words);
    expect(await answers('meet', 'meet', 'meet')).toEqual(['done', 'done', 'done']);
  });

  test('leaves the answers of the others as they are', async () => {
    expect(await answers('answer', 'fail', 'answer')).toEqual(['done', 'internal: told to', 'done']);
  });
});

describe.each([
  { order: 'exit', text: /^internal: a worker died: .*exit code 3/ },
  { order: 'throw', text: /^internal: a worker died: something unforeseen/ },
  { order: 'exhaust', text: /^out-of-memory$/ },
] as const)('a member that dies ($order)', ({ order, text }) => {
  test('releases those who wait for it, and stays dead', async () => {
    const [first, dead, last] = await answers('meet', order, 'meet');
    expect([first, last]).toEqual(['stopped', 'stopped']);
    expect(dead).toMatch(text);

    resetTeam(words);
    const again = await answers('meet', 'answer', 'answer');
    expect(again).toEqual(['stopped', dead, 'done']);
    expect(isAborted()).toBe(true);
  });
});

test('a member that dies between questions fails the next one', async () => {
  expect(await answers('leave', 'answer', 'answer')).toEqual(['done', 'done', 'done']);
  expect(await answers('meet', 'meet', 'meet')).toEqual([expect.stringMatching(/exit code 3/), 'stopped', 'stopped']);
});

test('a crew of which all are dead answers at once', async () => {
  await answers('exit', 'exit', 'exit');
  resetTeam(words);
  expect(await answers('meet', 'meet', 'meet')).toEqual(Array(3).fill(expect.stringMatching(/exit code 3/)));
  expect(isAborted()).toBe(true);
});

describe('giving up', () => {
  test('answers in place of those who hang, and keeps what the others have answered', async () => {
    const progress = new Promise((resolve) => {
      onProgress = resolve;
    });
    const asked = answers('hang', 'progress', 'meet');
    // So that the one in the middle has answered.
    await progress;
    await new Promise((resolve) => setTimeout(resolve, 300));
    await crew.giveUp();
    const [hanging, answered, waiting] = await asked;
    expect(hanging).toMatch(/internal: .*did not stop when it was told to/);
    expect(answered).toBe('done');
    // Released by the first one's death, or ended before it could say so.
    expect(waiting).toMatch(/^stopped$|did not stop/);
    expect(isAborted()).toBe(true);
  });

  test('leaves nobody who could be asked', async () => {
    const asked = answers('hang', 'hang', 'answer');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await crew.giveUp();
    await asked;
    const again = await answers('answer', 'answer', 'answer');
    expect(again).toEqual(Array(3).fill(expect.stringMatching(/^internal/)));
  });

  test('while nobody works ends the workers', async () => {
    await answers('answer', 'answer', 'answer');
    await crew.giveUp();
  });
});

test('ending the workers answers for those who still work', async () => {
  const asked = answers('hang', 'meet', 'meet');
  await crew.terminate();
  expect((await asked)[0]).toMatch(/^internal: .*it was ended/);
});

test('a question during another one is refused', async () => {
  const asked = answers('hang', 'answer', 'answer');
  await expect(ask('answer', 'answer', 'answer')).rejects.toThrow(/asked while it still works/);
  await crew.giveUp();
  await asked;
});

describe('leaving', () => {
  test('ends the threads, and leaves nobody who could be asked', async () => {
    await answers('answer', 'answer', 'answer');
    expect(liveWorkers()).toBe(3);
    await crew.leave();
    expect(liveWorkers()).toBe(0);
    const again = await answers('answer', 'answer', 'answer');
    expect(again).toEqual(Array(3).fill(expect.stringMatching(/^internal: .*it was ended/)));
  });

  test('before anything was asked', async () => {
    await crew.leave();
    expect(liveWorkers()).toBe(0);
  });

  test('waits for those who are ended from outside at the same time', async () => {
    const asked = answers('hang', 'answer', 'answer');
    const givenUp = crew.giveUp();
    await crew.leave();
    expect(liveWorkers()).toBe(0);
    await Promise.all([asked, givenUp]);
  });
});

describe('members that are asked alone', () => {
  function askAlone(member: number, order: Order): Promise<string> {
    const request = { order, member, size: 1, words };
    return crew
      .lane(member)
      .ask(request, (part) => {
        onProgress(part);
      })
      .then(([answer]) => (answer === undefined ? 'none' : summary(answer)));
  }

  test('answer by themselves, and tell their own progress', async () => {
    const fractions: number[] = [];
    onProgress = (fraction) => fractions.push(fraction);
    const hanging = askAlone(0, 'hang');
    expect(await askAlone(2, 'progress')).toBe('done');
    expect(fractions).toEqual([0.5]);
    await crew.lane(0).giveUp();
    expect(await hanging).toMatch(/did not stop/);
    await crew.quiet();
  });

  test('do not stop the others when they fail or die, but those who are asked all at once', async () => {
    const hanging = askAlone(0, 'hang');
    expect(await askAlone(1, 'fail')).toBe('internal: told to');
    expect(await askAlone(2, 'exit')).toMatch(/exit code 3/);
    expect(await askAlone(2, 'answer')).toMatch(/exit code 3/);
    expect({ stopped, team: isAborted() }).toEqual({ stopped: [], team: false });
    crew.stop();
    expect({ stopped, team: isAborted() }).toEqual({ stopped: [0, 1, 2], team: true });
    await crew.giveUp();
    await hanging;
  });

  test('have lanes, or are asked together only', () => {
    expect(() => crew.lane(3)).toThrow(/no lane/);
  });
});

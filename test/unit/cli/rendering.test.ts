import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measureAccuracy } from '../../../cli/answers/accuracy.ts';
import { indexOfLargest } from '../../../ir/interpret/decisions.ts';
import { median } from '../../../ir/maths/averages.ts';
import { createProgress } from '../../../cli/shell/progress.ts';
import { timeLeft } from '../../../cli/shell/time-left.ts';
import { describeAnswers, nestOutputs } from '../../../cli/answers/answers.ts';
import { encodeAnswers } from '../../../cli/answers/encode-answers.ts';
import { renderTable } from '../../../cli/render/table.ts';
import { formatError, formatLimit } from '../../../ir/maths/error-unit.ts';
import { formatBytes, formatMilliseconds } from '../../../cli/render/units.ts';
import { lineWidth, wrap } from '../../../cli/render/wrap.ts';
import { readNpy } from '../../../runtime/format/npy.ts';

const vector = (...values: number[]) => Float64Array.from(values);

describe('accuracy', () => {
  test('errors are fractions of the median of the largest outputs', () => {
    const expected = [new Map([['y', vector(1, -2)]]), new Map([['y', vector(4, 0)]])];
    const got = [new Map([['y', vector(1, -2.3)]]), new Map([['y', vector(4.6, 0)]])];
    const { maxError, meanError, argmaxAgreement } = measureAccuracy(got, expected);
    // The median of 2 and 4.
    expect(maxError).toBeCloseTo(0.6 / 3, 12);
    expect(meanError).toBeCloseTo(0.9 / 4 / 3, 12);
    expect(argmaxAgreement).toBe(1);
  });

  test('argmax is compared by sample, and only where there is something to compare', () => {
    const expected = [new Map([['y', vector(1, 2)]]), new Map([['y', vector(2, 1)]])];
    const got = [new Map([['y', vector(1, 2)]]), new Map([['y', vector(1, 2)]])];
    expect(measureAccuracy(got, expected).argmaxAgreement).toBe(0.5);
    expect(measureAccuracy([new Map([['y', vector(1)]])], [new Map([['y', vector(1)]])])).toEqual({
      maxError: 0,
      meanError: 0,
    });
  });

  test('a missing output is no small error', () => {
    expect(measureAccuracy([new Map()], [new Map([['y', vector(1)]])]).maxError).toBe(Infinity);
  });

  test('median and index of the largest', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
    expect(median([])).toBeNaN();
    expect([indexOfLargest(vector(1, 3, 3)), indexOfLargest(vector(-2, -1))]).toEqual([1, 1]);
  });
});

describe('answers', () => {
  test('are nested as files of samples are', () => {
    const outputs = [
      { name: 'y', shape: [2, 3] },
      { name: 'z', shape: [] },
    ];
    const sample = new Map([
      ['y', vector(1, 2, 3, 4, 5, 6)],
      ['z', vector(7)],
    ]);
    expect(nestOutputs(outputs, [sample])).toEqual({
      y: [
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
      ],
      z: [7],
    });
  });

  test('have the samples where the model has them', () => {
    const output = { name: 'y', shape: [2, 2], batchAxis: 1 };
    const samples = [vector(1, 2, 3, 4), vector(5, 6, 7, 8)].map((y) => new Map([['y', y]]));
    const nested = [
      [
        [1, 2],
        [5, 6],
      ],
      [
        [3, 4],
        [7, 8],
      ],
    ];
    expect(nestOutputs([output], samples)).toEqual({ y: nested });
    expect(readNpy(encodeAnswers([output], samples))).toEqual({
      dtype: 'f8',
      shape: [2, 2, 2],
      data: Float64Array.from(nested.flat(2)),
    });
  });

  test('name the largest of a vector of scores', () => {
    const text = describeAnswers([{ name: 'y', shape: [3] }], [new Map([['y', vector(0.5, 2.123456, -1)]])]);
    expect(text).toBe('sample 0, y [3]: largest at 1 (2.123); 0.5 2.123 -1\n');
  });

  test('are cut short', () => {
    const text = describeAnswers([{ name: 'y', shape: [5, 5] }], [new Map([['y', new Float64Array(25)]])]);
    expect(text).toBe('sample 0, y [5, 5]: 0 0 0 0 0 0 0 0 0 0 … (25 values)\n');
  });
});

test('tables are aligned', () => {
  expect(
    renderTable(
      [{ title: 'a' }, { title: 'count', align: 'right' }],
      [
        ['long', '1'],
        ['x', '22'],
      ],
    ),
  ).toBe(['  a     count', '  ----  -----', '  long      1', '  x        22', ''].join('\n'));
});

test('units', () => {
  expect([0.25, 12.6, 1234, 65_432].map(formatMilliseconds)).toEqual(['0.3 ms', '13 ms', '1.23 s', '65.4 s']);
  expect([12, 2048, 3.5 * 2 ** 20, 2 ** 41].map(formatBytes)).toEqual(['12 B', '2.0 KiB', '3.5 MiB', '2048.0 GiB']);
  expect([0, 0.01, 0.00123, 4.56e-7, 4.56e-9].map(formatError)).toEqual(['0%', '1%', '0.12%', '0.000046%', '4.6e-7%']);
  expect([0.01, 0.0135, 1].map(formatLimit)).toEqual(['1%', '1.35%', '100%']);
});

test('wrapping keeps all words within the width', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.integer({ min: 0, max: 40 }), (list, indent) => {
      const lines = wrap(list.join(' '), indent).split('\n');
      expect(lines.every((line) => line.length <= lineWidth && line.startsWith(' '.repeat(indent)))).toBe(true);
      expect(lines.flatMap((line) => line.trim().split(' '))).toEqual(list);
    }),
  );
});

describe('progress', () => {
  /** A step of as many seconds. */
  function record(isTTY: boolean, { quiet = false, seconds = 100 } = {}): string {
    let time = 0;
    const stream = Object.assign(new PassThrough(), { isTTY });
    const progress = createProgress(quiet, stream, () => time);
    progress.step('working');
    for (let i = 0; i <= 100; i++) {
      time = 10 * seconds * i;
      progress.fraction(i / 100);
    }
    progress.step('resting');
    progress.end();
    return String(stream.read() ?? '');
  }

  test('plain lines where there is no terminal, and few of them', () => {
    expect(record(false)).toBe(
      'working\nworking: 25%, about 75 s left\nworking: 50%, about 50 s left\nworking: 75%, about 25 s left\nresting\n',
    );
    expect(record(false, { seconds: 1 })).toBe('working\nresting\n');
  });

  test('lines aside are written where nothing is drawn', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    const progress = createProgress(false, stream, () => 0);
    progress.step('working');
    progress.fraction(0.2);
    progress.aside(() => stream.write('an answer\n'));
    const [before = ''] = String(stream.read()).split('an answer\n');
    progress.end();
    expect(before).toMatch(/working ░[^\n]*\r\u001b\[K$/);
    const plain = Object.assign(new PassThrough(), { isTTY: false });
    createProgress(false, plain).aside(() => plain.write('an answer\n'));
    expect(String(plain.read())).toBe('an answer\n');
  });

  test('a bar has the time that is left of its step', async () => {
    let time = 0;
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    const progress = createProgress(false, stream, () => time);
    time = 50_000;
    progress.step('working');
    time = 60_000;
    progress.fraction(0.1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    progress.fraction(0.2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    progress.end();
    expect(String(stream.read())).toMatch(/20%, about 40 s left/);
  });

  test('a bar on a terminal, and nothing of it in the end', () => {
    const text = record(true);
    expect(text).toContain('working …');
    expect(text).toContain('░');
    expect(text.endsWith('\r\x1b[K')).toBe(true);
  });

  describe('of a whole', () => {
    /** Of 100 s, a second for each percent. */
    function recordWhole(isTTY: boolean): string {
      let time = 0;
      const stream = Object.assign(new PassThrough(), { isTTY });
      const progress = createProgress(false, stream, () => time);
      for (let percent = 0; percent <= 100; percent++) {
        time = 1000 * percent;
        progress.overall(percent < 40 ? 'choosing' : 'weighing', percent / 100);
      }
      progress.end();
      return String(stream.read() ?? '');
    }

    test('is a line a quarter, with the time that is left', () => {
      expect(recordWhole(false)).toBe(
        'choosing\n25% done, about 75 s left\nweighing\n50% done, about 50 s left\n75% done, about 25 s left\n',
      );
    });

    test('is one bar on a terminal, whatever is being done', () => {
      const text = recordWhole(true);
      expect(text).toContain('choosing');
      expect(text).toContain('░');
      expect(text.endsWith('\r\x1b[K')).toBe(true);
    });

    test('is estimated once enough of it is done', () => {
      expect(timeLeft(1999, 0.5)).toBeUndefined();
      expect(timeLeft(60_000, 0.01)).toBeUndefined();
      expect(timeLeft(60_000, 1)).toBeUndefined();
      expect(timeLeft(2000, 0.9)).toBe('about 5 s left');
      expect(timeLeft(60_000, 0.25)).toBe('about 3 min left');
      expect(timeLeft(3_600_000, 0.25)).toBe('about 3 h left');
    });
  });

  test('nothing when quiet', () => {
    expect(record(false, { quiet: true })).toBe('');
    expect(record(true, { quiet: true })).toBe('');
  });
});

/** Tasks that wait for each other. */
import { describe, expect, test } from 'vitest';
import { Turns } from '../../../../../runtime/engines/sessions/turns.ts';

const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

test('tasks run one after another in the order in which they came, failures among them', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const task =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      log.push(`${name} begins`);
      await breath();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([turns.take(task('a')), turns.take(task('b', true)), turns.take(task('c'))]);
  expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('one that waits leaves at once when it is aborted; one that runs ends by itself', async () => {
  const turns = new Turns();
  const controller = new AbortController();
  let [ended, ran] = [false, false];
  const running = turns.take(async () => {
    await breath();
    ended = true;
  }, controller.signal);
  const waiting = turns.take(() => {
    ran = true;
    return Promise.resolve();
  }, controller.signal);
  await Promise.resolve();
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(ended).toBe(false);
  await running;
  expect(ended).toBe(true);
  await expect(turns.take(() => Promise.resolve(1), controller.signal)).rejects.toThrow('enough');
  await turns.take(() => Promise.resolve());
  expect(ran).toBe(false);
});

describe('with two lanes', () => {
  /** Tasks that begin when it is their turn, and end when they are told to. */
  class Scene {
    /** Milliseconds. */
    time = 0;
    readonly turns = new Turns(2, () => this.time);
    /** What has begun: the name with its lane, or `all`. */
    readonly begun: string[] = [];
    private readonly ends = new Map<string, () => void>();

    ask(name: string, suitsLane = true, signal?: AbortSignal): Promise<void> {
      const task = (lane: number | undefined): Promise<void> => {
        this.begun.push(`${name}:${lane ?? 'all'}`);
        return new Promise((resolve) => this.ends.set(name, resolve));
      };
      return this.turns.takeLane(task, () => suitsLane, signal);
    }

    askAll(name: string): Promise<void> {
      return this.turns.take(() => {
        this.begun.push(`${name}:all`);
        return new Promise((resolve) => this.ends.set(name, resolve));
      });
    }

    async end(name: string): Promise<void> {
      this.ends.get(name)?.();
      await breath();
    }
  }

  test('one alone has all workers, and so has the next one that waits alone', async () => {
    const scene = new Scene();
    void scene.ask('a');
    await breath();
    void scene.ask('b');
    await breath();
    await scene.end('a');
    await scene.end('b');
    expect(scene.begun).toEqual(['a:all', 'b:all']);
  });

  test('where two wait each has a lane, and whoever comes takes the place of one that ends', async () => {
    const scene = new Scene();
    void scene.ask('a');
    await breath();
    for (const name of ['b', 'c', 'd', 'e']) void scene.ask(name);
    await scene.end('a');
    expect(scene.begun).toEqual(['a:all', 'b:0', 'c:1']);
    await scene.end('c');
    await scene.end('b');
    expect(scene.begun.slice(3)).toEqual(['d:1', 'e:0']);
    // Nobody waits: who is next has all workers.
    await scene.end('d');
    await scene.end('e');
    void scene.ask('f');
    await breath();
    expect(scene.begun.at(-1)).toBe('f:all');
  });

  test('two that are asked for at once go side by side', async () => {
    const scene = new Scene();
    void scene.ask('a');
    void scene.ask('b');
    await breath();
    expect(scene.begun).toEqual(['a:0', 'b:1']);
  });

  test('a task of all workers waits until the lanes are free, and nobody overtakes it', async () => {
    const scene = new Scene();
    void scene.ask('a');
    void scene.ask('b');
    void scene.askAll('load');
    void scene.ask('c');
    void scene.ask('d');
    await breath();
    await scene.end('a');
    expect(scene.begun).toEqual(['a:0', 'b:1']);
    await scene.end('b');
    expect(scene.begun.slice(2)).toEqual(['load:all']);
    await scene.end('load');
    expect(scene.begun.slice(3)).toEqual(['c:0', 'd:1']);
  });

  test('one that suits no lane has all workers, in its turn', async () => {
    const scene = new Scene();
    void scene.ask('a');
    void scene.ask('b');
    void scene.ask('c', false);
    void scene.ask('d');
    await breath();
    await scene.end('a');
    await scene.end('b');
    expect(scene.begun).toEqual(['a:0', 'b:1', 'c:all']);
    await scene.end('c');
    expect(scene.begun.at(-1)).toBe('d:all');
  });

  test('one that waits alone for a worker that will soon be free waits for all, and begins at once otherwise', async () => {
    const scene = new Scene();
    for (const name of ['a', 'b', 'c', 'd', 'e']) void scene.ask(name);
    await breath();
    scene.time = 10;
    await scene.end('a');
    await scene.end('b');
    expect(scene.begun).toEqual(['a:0', 'b:1', 'c:0', 'd:1']);
    // They take 10, so that the other one is through half of it.
    scene.time = 16;
    await scene.end('c');
    expect(scene.begun.at(-1)).toBe('d:1');
    await scene.end('d');
    expect(scene.begun.at(-1)).toBe('e:all');
    for (const name of ['f', 'g', 'h', 'i']) void scene.ask(name);
    await scene.end('e');
    scene.time = 26;
    await scene.end('f');
    await scene.end('g');
    expect(scene.begun.slice(5)).toEqual(['f:0', 'g:1', 'h:0', 'i:1']);
  });

  test('one that is aborted counts no more among those that wait', async () => {
    const scene = new Scene();
    void scene.ask('a');
    await breath();
    const controller = new AbortController();
    const aborted = scene.ask('b', true, controller.signal);
    void scene.ask('c');
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await scene.end('a');
    expect(scene.begun).toEqual(['a:all', 'c:all']);
  });
});

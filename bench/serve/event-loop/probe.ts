/**
 * Watches the event loop of the process that it is imported into (`node --import`), and tells by its channel what it has seen
 * since it was last asked. Keeps no process alive.
 */
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { LoopDelays } from './probe-messages.ts';

/** Between two looks. The histogram counts it as delay. */
const resolutionMs = 1;

const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();

let longestTurn = 0;
let before = threadMilliseconds();
setInterval(() => {
  const now = threadMilliseconds();
  longestTurn = Math.max(longestTurn, now - before);
  before = now;
}, resolutionMs).unref();

let longestPause = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestPause = Math.max(longestPause, duration);
}).observe({ entryTypes: ['gc'] });

process.on('message', () => {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  const answer: LoopDelays = { longest: late(delays.max), p99: late(delays.percentile(99)), longestTurn, longestPause };
  delays.reset();
  longestTurn = 0;
  longestPause = 0;
  process.send?.(answer);
});
process.channel?.unref();

/** Processor time of this thread alone. */
function threadMilliseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

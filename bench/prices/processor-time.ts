/** Time of the processor, which a busy machine does not stretch as it does that of the clock. */
import { median } from '../../ir/maths/averages.ts';

/** Milliseconds of all threads of this process while `run` is under way, the median of `times`. */
export async function processorTime(run: () => Promise<unknown>, times: number): Promise<number> {
  const milliseconds: number[] = [];
  for (let k = 0; k < times; k++) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    milliseconds.push((user + system) / 1000);
  }
  return median(milliseconds);
}

/** Spans of time on the command line. */
import { z } from 'zod';

const units: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };

/** Seconds, as `30s`, `5min`, `2h` or `30d`: a number alone may have been meant in any unit. */
export function duration(mostSeconds: number) {
  return z.string().transform((given, context) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) *([a-z]*)$/.exec(given) ?? [];
    const seconds = Number(number) * (units[unit] ?? NaN);
    if (number !== '' && seconds > 0 && seconds <= mostSeconds) return seconds;
    context.addIssue({ code: 'custom', message: 'expected a time with its unit, such as 30s, 5min, 2h or 30d' });
    return z.NEVER;
  });
}

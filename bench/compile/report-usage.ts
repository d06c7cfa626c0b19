/** Loaded before a program: writes what its process has taken to the file that HEPC_USAGE_FILE names, at its end. */
import { writeFileSync } from 'node:fs';

const file = process.env['HEPC_USAGE_FILE'];
if (file !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    // Microseconds, and KiB on every platform.
    const figures = { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakBytes: maxRSS * 1024 };
    writeFileSync(file, JSON.stringify(figures));
  });
}

/** Options of a service as its settings; what is not given is the default. */
import { defaultSettings, type ServiceSettings } from '../../../service/base/settings.ts';

/** As the command line gives them. */
export interface SettingOptions {
  readonly memory?: number | undefined;
  readonly threads: number;
  readonly maxAttempts: number;
  readonly maxQueue?: number;
  readonly deadline?: number | undefined;
  readonly keepResults?: number | undefined;
  readonly keepKeys?: number | undefined;
  readonly tenantKeys?: number | undefined;
  readonly maxInput?: number | undefined;
  readonly runsPerPart?: number;
  readonly stall?: number | undefined;
}

export const defaultDrainSeconds = 30;

export function settingsOf(options: SettingOptions): ServiceSettings {
  const defaults = defaultSettings;
  return {
    maxQueue: options.maxQueue ?? defaults.maxQueue,
    deadlineSeconds: options.deadline ?? defaults.deadlineSeconds,
    resultSeconds: options.keepResults ?? defaults.resultSeconds,
    keySeconds: options.keepKeys ?? defaults.keySeconds,
    tenantKeyBytes: options.tenantKeys ?? defaults.tenantKeyBytes,
    maxInputBytes: options.maxInput ?? defaults.maxInputBytes,
    memoryBytes: options.memory ?? defaults.memoryBytes,
    threads: options.threads,
    maxAttempts: options.maxAttempts,
    runsPerPart: options.runsPerPart ?? defaults.runsPerPart,
    stallSeconds: options.stall ?? defaults.stallSeconds,
  };
}

import type { Configuration } from '../config/configuration.ts';
import { factoriesEver, type WindowRequest } from '../dataset/request.ts';
import { WHOLE_INSTANT_MS } from '../schema/times.ts';
import { readScenario } from '../stories/file.ts';
import type { Option } from './command.ts';
import type { OptionReader } from './option-reader.ts';
import { readFrame, readMachines, readWindow, withRegisters } from './window-options.ts';

/** The zero of relative times. */
export const SCENARIO_START: Readonly<Record<'scenario-start', Option>> = {
  'scenario-start': {
    value: 'TIME',
    about: 'Zero of the relative times of scenarios without a start.',
  },
};

/** The options of commands that tell scenarios. */
export const SCENARIO_OPTIONS: Readonly<Record<'scenario' | 'scenario-start', Option>> = {
  scenario: {
    value: 'FILE',
    about: 'A scenario file to tell; may be given several times.',
  },
  ...SCENARIO_START,
};

/**
 * Reads the window with its energy registers and the scenarios that are told in it; the result is
 * only valid if `options` has no errors.
 */
export function readToldWindow(options: OptionReader, configuration: Configuration): WindowRequest {
  const startMs = options.read('scenario-start', WHOLE_INSTANT_MS);
  const files = options.writtenAll('scenario');
  if (files.length === 0) {
    if (options.isGiven('scenario-start')) options.fault('scenario-start', 'requires --scenario');
    return withRegisters(options, readWindow(options, configuration), configuration);
  }
  const start = startMs !== undefined && { startS: startMs / 1000 };
  const stories = files.flatMap((file) => {
    const text = options.collect(() => readScenario(file, '--scenario'));
    return text ? { ...text, ...start } : [];
  });
  const window = withRegisters(options, readFrame(options, configuration), configuration);
  const told = { ...window, stories };
  const factories = options.collect(() => factoriesEver(told));
  const machineIds = readMachines(options, configuration, factories ?? window.factories);
  return { ...(factories ? told : window), machineIds };
}

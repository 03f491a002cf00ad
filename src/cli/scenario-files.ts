import { storiesOf, type WindowRequest } from '../dataset/request.ts';
import { WHOLE_INSTANT_MS } from '../schema/times.ts';
import { readScenario } from '../stories/file.ts';
import type { Option } from './command.ts';
import type { OptionReader } from './option-reader.ts';

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

/** Adds the scenarios that are to be told in a window, unless there are errors in them. */
export function withScenarios(options: OptionReader, window: WindowRequest): WindowRequest {
  const startMs = options.read('scenario-start', WHOLE_INSTANT_MS);
  const files = options.writtenAll('scenario');
  if (files.length === 0) {
    if (options.isGiven('scenario-start')) options.fault('scenario-start', 'requires --scenario');
    return window;
  }
  const start = startMs !== undefined && { startS: startMs / 1000 };
  const texts = files.flatMap((file) => {
    const text = options.collect(() => readScenario(file, '--scenario'));
    return text ? { ...text, ...start } : [];
  });
  const told = { ...window, stories: texts };
  return options.collect(() => storiesOf(told)) ? told : window;
}

import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';
import type { FactoryDescription } from '../core/factory.ts';
import { chosenMachines } from '../dataset/machine-choice.ts';
import type { WindowRequest } from '../dataset/request.ts';
import { momentMs } from '../schema/times.ts';
import { whole } from '../schema/value-type.ts';
import { environmentWith } from './broker-url.ts';
import { type Arguments, FACTORY_OPTION, type Option } from './command.ts';
import type { OptionReader } from './option-reader.ts';

/** The options of commands that read a window. */
export const WINDOW_OPTIONS = {
  from: {
    value: 'TIME',
    about: 'Start of the window: 2025-01-01, 2025-01-01T06:00:00Z, -7d, -90m, yesterday, today.',
  },
  to: { value: 'TIME', about: 'End of the window, in the same forms, or now. Days begin in UTC.' },
  ...FACTORY_OPTION,
  seed: {
    value: 'NUMBER',
    about: 'The same seed gives the same data.',
    default: 'SIMULATION_SEED',
  },
  machines: {
    value: 'NAMES',
    about: 'Ids or names, separated by commas. Without --factory, a number: the size of a fleet.',
    default: 'all',
  },
} as const satisfies Readonly<Record<string, Option>>;

/** The seeds of a window. */
export const SEED = whole(0, Number.MAX_SAFE_INTEGER);

/**
 * The configuration of a command that reads a window.
 *
 * `--machines` may name machines or be the size of a fleet: a number alone, without a file that
 * could contain a machine of that name.
 */
export function windowConfiguration({ values }: Arguments): Configuration {
  const { factory, machines = '', mqtt } = values;
  const isSize = factory === undefined && /^\s*\d+\s*$/.test(machines);
  return loadConfiguration({
    options: { factory, machines: isSize ? machines : undefined },
    env: environmentWith(mqtt),
  });
}

/** Adds when the energy registers stood at 0, if a machine of the window has one. */
export function withRegisters(
  options: OptionReader,
  window: WindowRequest,
  configuration: Configuration,
): WindowRequest {
  const given = options.read('registers-from', momentMs(Date.now()));
  const haveAllRegisters = configuration.haveAllRegisters || options.isGiven('registers');
  const chosen = new Set(window.machineIds);
  const isAsked = window.factories.some(({ machines, energyRegister: ofAll }) =>
    machines.some(({ id, energyRegister = ofAll }) => chosen.has(id) && energyRegister),
  );
  if (!haveAllRegisters && !isAsked) {
    if (options.isGiven('registers-from')) options.fault('registers-from', 'requires --registers');
    return window;
  }
  const { fromMs } = window;
  if (given !== undefined && given > fromMs)
    options.fault(
      'registers-from',
      `${options.written('registers-from')} is after --from ${options.written('from')}`,
    );
  return { ...window, registersFromMs: given ?? fromMs, haveAllRegisters };
}

/** Reads the window; the result is only valid if `options` has no errors. */
export function readWindow(options: OptionReader, configuration: Configuration): WindowRequest {
  const frame = readFrame(options, configuration);
  return { ...frame, machineIds: readMachines(options, configuration, frame.factories) };
}

/** The ids of the machines that are chosen of some factories. */
export function readMachines(
  options: OptionReader,
  { sources }: Configuration,
  factories: readonly FactoryDescription[],
): readonly string[] {
  const isFleet = sources['FLEET_MACHINES'] === 'command line';
  const names = (isFleet ? undefined : options.written('machines'))
    ?.split(',')
    .map((each) => each.trim());
  return chosenMachines(names, factories, (_place, message) =>
    options.fault('machines', `${message}; ids or names, separated by commas`),
  );
}

/** Reads the window, with all machines of its factories. */
export function readFrame(options: OptionReader, configuration: Configuration): WindowRequest {
  const moment = momentMs(Date.now());
  const fromMs = options.read('from', moment) ?? Number.NaN;
  const toMs = options.read('to', moment) ?? Number.NaN;
  for (const name of ['from', 'to'])
    if (!options.isGiven(name)) options.fault(name, `is missing; ${moment.expected}`);
  if (fromMs >= toMs)
    options.fault('to', `${options.written('to')} is not after --from ${options.written('from')}`);
  return {
    factories: configuration.factories,
    seed: options.read('seed', SEED) ?? configuration.simulation.seed,
    settings: configuration.settings,
    events: [],
    fromMs,
    toMs,
    machineIds: configuration.factories.flatMap(({ machines }) => machines.map(({ id }) => id)),
  };
}

import { AT_ONCE, shiftTo } from '../dataset/publication.ts';
import { fleetOf, type WindowRequest } from '../dataset/request.ts';
import { machinesOf } from '../dataset/window-reader.ts';
import { positive, type ValueType } from '../schema/value-type.ts';
import { RealClock } from '../service/clock.ts';
import type { Fleet } from '../simulation/fleet.ts';
import { BROKER_OPTIONS, readBroker } from './broker-url.ts';
import type { Command } from './command.ts';
import { type Pacing, publish } from './destinations/broker.ts';
import { OptionReader } from './option-reader.ts';
import { withProgress } from './progress-line.ts';
import { readToldWindow, SCENARIO_OPTIONS } from './scenario-files.ts';
import { WINDOW_OPTIONS, windowConfiguration } from './window-options.ts';

const SPEED_MAX = 100_000;
const NUMBER = positive(SPEED_MAX);

/** Simulated seconds per real second; infinite for `max`. */
const SPEED: ValueType<number> = {
  expected: `${NUMBER.expected}, or max`,
  schema: { type: ['number', 'string'] },
  parse: (value) => (value === 'max' ? Number.POSITIVE_INFINITY : NUMBER.parse(value)),
};

/** Publishes history again, in real time or at another speed. */
export const replay: Command = {
  name: 'replay',
  about: 'Publish the readings of a window to a broker, at any speed.',
  options: {
    ...WINDOW_OPTIONS,
    ...SCENARIO_OPTIONS,
    ...BROKER_OPTIONS,
    mqtt: { ...BROKER_OPTIONS.mqtt, default: 'MQTT_HOST' },
    speed: {
      value: 'FACTOR',
      about: 'Simulated seconds per real second; max: as fast as the broker accepts them.',
      default: '1',
    },
    'as-live': { about: 'Shift the window so that it starts now.' },
  },
  examples: [
    'replay --from yesterday --to today --mqtt mqtt://localhost --speed 60',
    'replay --from 2026-01-14T06:00Z --to 2026-01-14T14:00Z --mqtt mqtts://user@broker --as-live',
    'replay --from -1h --to now --mqtt mqtt://localhost --speed max --json',
  ],
  hasReport: true,
  async execute(args, reporter) {
    const configuration = windowConfiguration(args);
    const options = new OptionReader(args);
    const window = readToldWindow(options, configuration);
    const broker = readBroker(options, configuration);
    if (!broker && !options.isGiven('mqtt'))
      options.fault('mqtt', 'is missing, and MQTT_HOST is not set');
    const speed = options.read('speed', SPEED) ?? 1;
    options.check();
    if (!broker) throw new Error('an accepted broker is not configured');
    const fleet = fleetOf(window, 'actual');
    const { catchUpRate, remarks } = configuration;
    const pacing = pacingOf(window, fleet, speed, options.isGiven('as-live'), catchUpRate);
    return withProgress(reporter, remarks, (progress) =>
      publish({ window, configuration, progress }, fleet, broker, pacing),
    );
  },
};

/** With `--as-live`, time starts now, so readings are late by at most one interval of the grid. */
function pacingOf(
  { fromMs, machineIds }: WindowRequest,
  fleet: Fleet,
  speed: number,
  isAsLive: boolean,
  catchUpRate: number,
): Pacing {
  const nowMs = Date.now();
  const shiftMs = isAsLive ? shiftTo(nowMs, fromMs, machinesOf(fleet, machineIds)) : 0;
  if (speed === Number.POSITIVE_INFINITY) return { clock: AT_ONCE, shiftMs, catchUpRate: 0 };
  const startMs = isAsLive ? nowMs : fromMs;
  return { clock: new RealClock({ speed, startMs }), shiftMs, catchUpRate };
}

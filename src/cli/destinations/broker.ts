import type { Clock } from '../../core/clock.ts';
import { ConfigError } from '../../core/errors.ts';
import type { DeliveredSink } from '../../core/sink.ts';
import { FORMAT_NAMES } from '../../dataset/formats/index.ts';
import { fleetOf } from '../../dataset/request.ts';
import { secondText } from '../../encoding/time.ts';
import { addressText } from '../../outputs/mqtt/client.ts';
import { mqtt } from '../../outputs/mqtt/index.ts';
import type { MqttOptions } from '../../outputs/mqtt/options.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import { BROKER_OPTIONS, readBroker } from '../broker-url.ts';
import { PROGRAM } from '../command-line.ts';
import { Interruption } from '../interruption.ts';
import { type Destination, FILES_ONLY, RowCount, type WriteJob } from './destination.ts';

/** The messages of readings and statuses, on a broker. */
export const broker: Destination = {
  name: 'a broker',
  option: 'mqtt',
  options: BROKER_OPTIONS,
  inapplicable: [...FILES_ONLY, 'format', 'true', 'clean'],
  formats: FORMAT_NAMES,
  isForCluster: false,
  read(options, configuration) {
    if (options.isGiven('qos') && !options.isGiven('mqtt')) options.fault('qos', 'requires --mqtt');
    const address = readBroker(options, configuration);
    return async (job) => {
      const { AT_ONCE } = await import('../../dataset/publication.ts');
      const pacing = { clock: AT_ONCE, catchUpRate: 0 };
      return publish(job, fleetOf(job.window, 'actual'), address as MqttOptions, pacing);
    };
  },
};

/** The pace at which a window is published. */
export interface Pacing {
  readonly clock: Clock;
  /** Shift of all times [ms]. */
  readonly shiftMs?: number;
  /** Messages per second while the broker is behind; 0: no limit. */
  readonly catchUpRate: number;
}

/** @throws ConfigError if the broker is the embedded one of a simulator. */
async function refuseOwnBroker({ external }: MqttOptions): Promise<void> {
  const { isSimulatorsBroker } = await import('../../outputs/mqtt/own-broker.ts');
  if (!external || !(await isSimulatorsBroker(external))) return;
  const message =
    'is the embedded broker of a running simulator, and lets only that simulator publish; ' +
    'use a broker of your own, such as Mosquitto';
  throw new ConfigError([{ path: addressText(external), message }]);
}

/**
 * Publishes a window to a broker and shows the progress.
 *
 * @returns The exit code of the process.
 */
export async function publish(
  { window, configuration, progress }: Pick<WriteJob, 'window' | 'configuration' | 'progress'>,
  fleet: Fleet,
  options: MqttOptions,
  pacing: Pacing,
): Promise<number> {
  const { publishWindow } = await import('../../dataset/publication.ts');
  const { log } = progress;
  await refuseOwnBroker(options);
  const { sinks, address } = await mqtt.open(options, { log });
  const interruption = new Interruption();
  const { signal } = interruption;
  const published = new RowCount(window, fleet, progress);
  const deliveredMs = await publishWindow(window, fleet, {
    ...pacing,
    sink: sinks[0] as DeliveredSink,
    statusIntervalS: configuration.statusIntervalS,
    log,
    onRows: published.add,
    signal,
  });
  if (deliveredMs >= window.toMs) {
    published.finish(address as string);
    return 0;
  }
  const reached = secondText(deliveredMs);
  progress.say(
    `${PROGRAM}: interrupted; published up to ${reached}. To resume, use --from ${reached}`,
  );
  return interruption.exitCode;
}

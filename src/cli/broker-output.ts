import type { Configuration } from '../config/configuration.ts';
import type { Clock } from '../core/clock.ts';
import { publishWindow } from '../dataset/publication.ts';
import { fleetOf, type WindowRequest } from '../dataset/request.ts';
import { machinesOf, plannedTableRows } from '../dataset/window-reader.ts';
import { secondText } from '../encoding/time.ts';
import { mqtt } from '../outputs/mqtt/index.ts';
import type { MqttOptions } from '../outputs/mqtt/options.ts';
import { PROGRAM } from './command-line.ts';
import { Interruption } from './interruption.ts';
import { count, type ProgressLine, span } from './progress-line.ts';
import { stderrLog } from './stderr-log.ts';

/** The pace at which a window is published. */
export interface Pacing {
  readonly clock: Clock;
  /** Shift of all times [ms]. */
  readonly shiftMs?: number;
  /** Messages per second while the broker is behind; 0: no limit. */
  readonly catchUpRate: number;
}

/**
 * Publishes a window to a broker and shows the progress.
 *
 * @returns The exit code of the process.
 */
export async function toBroker(
  request: WindowRequest,
  broker: MqttOptions,
  { statusIntervalS }: Configuration,
  pacing: Pacing,
  progress: ProgressLine,
): Promise<number> {
  const log = stderrLog(progress);
  const { sinks, address } = await mqtt.open(broker, { log });
  const [sink] = sinks;
  if (!sink) throw new Error('a broker without a sink');
  const machines = machinesOf(fleetOf(request, 'actual'), request.machineIds);
  const allRows = plannedTableRows(request, machines);
  const interruption = new Interruption();
  const startMs = performance.now();
  let rows = 0;
  const deliveredMs = await publishWindow(request, {
    ...pacing,
    sink,
    statusIntervalS,
    log,
    onRows: (more) => {
      rows += more;
      progress.show(rows, allRows);
    },
    signal: interruption.signal,
  });
  if (deliveredMs >= request.toMs) {
    const lengthS = (performance.now() - startMs) / 1000;
    progress.result(`${address}: ${count(rows)} rows, ${span(lengthS)}`);
    return 0;
  }
  const reached = secondText(deliveredMs);
  progress.say(
    `${PROGRAM}: interrupted; published up to ${reached}. To resume, use --from ${reached}`,
  );
  return interruption.exitCode;
}

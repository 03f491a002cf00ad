import { setImmediate as turn } from 'node:timers/promises';
import Type from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import type { Machine } from '../../core/factory.ts';
import { timeText } from '../../encoding/time.ts';
import { BaselineCount } from '../../simulation/baseline.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { AMBIGUOUS, invalid, NO_MACHINE, responses } from '../responses.ts';
import {
  command,
  integer,
  MachineId,
  MachinePath,
  named,
  number,
  numberOrNull,
  time,
  windowQuery,
} from '../schemas.ts';
import { pastWindow, WINDOW_MAX_DAYS, type Window } from '../window.ts';

/** Span of a window without `from`: a day. */
const DAY_MS = 86_400_000;
/** Steps computed before the event loop gets a turn: about ten milliseconds. */
const LOOKS = 24;
/**
 * Limit on days of a main meter's window times the machines that it meters: a minute of CPU time.
 */
const METERED_DAYS_MAX = 3660;
/** Interval at which the weather is sampled. */
const SAMPLE_S = 900;

const Baseline = named('Baseline', 'Expected and actual energy of a machine in a window.', {
  machine_id: MachineId,
  from: time('Start of the window, excluded.'),
  to: time('End of the window, included.', '2026-01-05T07:00:00Z'),
  expected_energy_kwh: number(
    'Energy that the same machine would have used without anomalies or wear; all carriers [kWh].',
    986.214,
  ),
  actual_energy_kwh: number('Energy used, as an ideal meter would show it [kWh].', 998.614),
  difference_kwh: number('Actual minus expected energy [kWh].', 12.4),
  difference_percent: numberOrNull(
    'The difference relative to the expected energy [%]; null if that is 0.',
    1.257,
  ),
  drivers: Type.Object(
    {
      mean_outdoor_temp_c: number('Mean outdoor temperature [°C].', 12.3),
      production_units: integer('Units produced.', 7560),
      production_units_good: integer('Units produced without defects.', 7560),
      expected_production_units: integer('Units it would have produced without anomalies.', 7560),
      full_load_hours: number('Hours of full production equivalent to the shift plan [h].', 20),
      hours_by_shift: Type.Record(Type.String(), Type.Number(), {
        description:
          'Hours by shift (local time), or `rest`, `weekend`, `holiday`, `closure`, `extra` [h].',
        examples: [{ '06:00-14:00': 8, '14:00-22:00': 8, rest: 8 }],
      }),
    },
    { description: 'What the energy depends on.' },
  ),
});

/** `/simulator/machines/{machine_id}/baseline`: the truth that an energy baseline estimates. */
export function baseline(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/baseline',
    {
      schema: {
        tags: [TAGS.readings],
        operationId: 'getBaseline',
        summary: 'Expected and actual energy of a machine, with their drivers',
        description:
          'The expected energy is that of the same machine with the same weather, shifts, ' +
          'commands and maintenance, but without any anomaly or wear. The window is in whole ' +
          `seconds and at most ${WINDOW_MAX_DAYS} days long.`,
        params: MachinePath,
        querystring: command(windowQuery('a day before `to`')),
        response: responses(
          'The baseline of the window.',
          Baseline,
          NO_MACHINE,
          AMBIGUOUS,
          invalid('to', '2026-01-05T05:00:00Z is not after 2026-01-05T06:00:00Z'),
        ),
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const machine = simulator.machine(params.machine_id);
      const window = await pastWindow(simulator, query, DAY_MS);
      checkBounds(machine, window);
      return answerOf(simulator.fleet, machine, window, limiter.acquire(request, reply));
    },
  );
}

/** @throws ConfigError for a window that is not of whole seconds, or takes too long. */
function checkBounds({ metered }: Machine, { fromMs, toMs }: Window): void {
  const fractions = Object.entries({ from: fromMs, to: toMs })
    .filter(([, ms]) => ms % 1000 !== 0)
    .map(([path, ms]) => ({ path, message: `${timeText(ms)} is not a whole second` }));
  if (fractions.length > 0) throw new ConfigError(fractions);
  const days = ((toMs - fromMs) / DAY_MS) * (metered?.length ?? 0);
  if (days > METERED_DAYS_MAX) {
    const accepted = Math.floor(METERED_DAYS_MAX / (metered?.length ?? 1));
    const message = `a meter of ${metered?.length} machines; at most ${accepted} days are accepted`;
    throw new ConfigError([{ path: 'to', message }]);
  }
}

async function answerOf(fleet: Fleet, machine: Machine, window: Window, signal: AbortSignal) {
  const [fromS, toS] = [window.fromMs / 1000, window.toMs / 1000];
  const count = new BaselineCount(fleet, machine, fromS, toS);
  while (!count.advance(LOOKS)) {
    await turn();
    signal.throwIfAborted();
  }
  const { actual, expected } = count.accounts;
  const differenceKwh = actual.energyKwh - expected.energyKwh;
  const { outdoorTempC, load } = meansOf(machine, fromS, toS);
  return {
    machine_id: machine.id,
    from: timeText(window.fromMs),
    to: timeText(window.toMs),
    expected_energy_kwh: rounded(expected.energyKwh),
    actual_energy_kwh: rounded(actual.energyKwh),
    difference_kwh: rounded(differenceKwh),
    difference_percent:
      expected.energyKwh > 0 ? rounded((100 * differenceKwh) / expected.energyKwh) : null,
    drivers: {
      mean_outdoor_temp_c: rounded(outdoorTempC),
      production_units: actual.production,
      production_units_good: actual.productionGood,
      expected_production_units: expected.production,
      full_load_hours: rounded((load * (toS - fromS)) / 3600),
      hours_by_shift: Object.fromEntries(
        [...machine.site.shiftHours(fromS, toS)].map(([name, hours]) => [name, rounded(hours)]),
      ),
    },
  };
}

/** Mean weather and load of a window, sampled in the middle of equal parts. */
function meansOf({ site }: Machine, fromS: number, toS: number) {
  const parts = Math.max(1, Math.round((toS - fromS) / SAMPLE_S));
  let [outdoorTempC, load] = [0, 0];
  for (let i = 0; i < parts; i++) {
    const instant = site.at(Math.floor(fromS + ((i + 0.5) * (toS - fromS)) / parts));
    outdoorTempC += instant.outdoorTempC / parts;
    load += instant.load / parts;
  }
  return { outdoorTempC, load };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

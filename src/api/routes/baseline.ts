import { setImmediate as turn } from 'node:timers/promises';
import Type from 'typebox';
import { ConfigError } from '../../core/errors.ts';
import type { Machine } from '../../core/factory.ts';
import { timeText } from '../../encoding/time.ts';
import { BaselineCount } from '../../simulation/baseline.ts';
import type { Fleet } from '../../simulation/fleet.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { command, Id, Instant, MachinePath, numberOrNull, responses, Time } from '../schemas.ts';
import { parsedWindow, WINDOW_MAX_DAYS, type Window } from '../window.ts';

/** What a window spans when its beginning is not said: a day. */
const DAY_MS = 86_400_000;
/** Looks between which others get a turn: some ten milliseconds. */
const LOOKS = 24;
/** Days that a main meter's window may have, times the machines that it meters: a minute. */
const METERED_DAYS_MAX = 3660;
/** Distance of the instants at which the weather is looked at. */
const SAMPLE_S = 900;

const kwh = { examples: [986.214] };

const Baseline = Type.Object({
  machine_id: Id,
  from: Time,
  to: Time,
  expected_energy_kwh: Type.Number({
    description:
      'Of all carriers: the same machine in the same period, with nothing wrong with it.',
    ...kwh,
  }),
  actual_energy_kwh: Type.Number({ description: 'As a meter without error shows it.', ...kwh }),
  difference_kwh: Type.Number({ description: 'Actual less expected.', examples: [12.4] }),
  difference_percent: numberOrNull({ description: 'Of the expected; null where that is 0.' }),
  drivers: Type.Object({
    mean_outdoor_temp_c: Type.Number({ examples: [12.3] }),
    production_units: Type.Integer({ description: 'That were made.', examples: [7560] }),
    production_units_good: Type.Integer({ examples: [7560] }),
    expected_production_units: Type.Integer({ description: 'With nothing wrong.' }),
    full_load_hours: Type.Number({
      description: 'Hours of full production that the shift plan amounts to.',
      examples: [20],
    }),
    hours_by_shift: Type.Record(Type.String(), Type.Number(), {
      description:
        'By the times of a shift, or `rest`, `weekend`, `holiday`, `closure`, `extra`: local time.',
      examples: [{ '06:00-14:00': 8, '14:00-22:00': 8, rest: 8 }],
    }),
  }),
});

/** `/simulator/machines/{machine_id}/baseline`: the truth that an energy baseline estimates. */
export function baseline(app: App, { simulator, limiter }: Api): void {
  app.get(
    '/simulator/machines/:machine_id/baseline',
    {
      schema: {
        tags: [TAGS.readings],
        summary: 'The true expected energy of a period, given its drivers',
        description:
          'The counterfactual: the same machine, weather, shifts, commands and maintenance ' +
          'without any anomaly or wear. Later than `from` up to and including `to`, whole ' +
          `seconds; without them the last day; at most ${WINDOW_MAX_DAYS} days.`,
        params: MachinePath,
        querystring: command({ from: Type.Optional(Instant), to: Type.Optional(Instant) }),
        response: responses(Baseline, 404, 409, 422),
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const machine = simulator.machine(params.machine_id);
      await simulator.eventLog.settled();
      const nowMs = simulator.eventLog.closedMs();
      const window = boundedWindow(machine, query.from, query.to, nowMs);
      return answerOf(simulator.fleet, machine, window, limiter.acquire(request, reply));
    },
  );
}

/** @throws ConfigError with every fault of a window. */
function boundedWindow(
  { metered }: Machine,
  from: string | undefined,
  to: string | undefined,
  nowMs: number,
): Window {
  const window = parsedWindow(from, to, nowMs, DAY_MS);
  const fractions = Object.entries({ from: window.fromMs, to: window.toMs })
    .filter(([, ms]) => ms % 1000 !== 0)
    .map(([path, ms]) => ({ path, message: `${timeText(ms)} is not a whole second` }));
  if (fractions.length > 0) throw new ConfigError(fractions);
  const days = ((window.toMs - window.fromMs) / DAY_MS) * (metered?.length ?? 0);
  if (days > METERED_DAYS_MAX) {
    const accepted = Math.floor(METERED_DAYS_MAX / (metered?.length ?? 1));
    const message = `a meter of ${metered?.length} machines; accepted are ${accepted} days`;
    throw new ConfigError([{ path: 'to', message }]);
  }
  return window;
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

/** Mean weather and load of a window, from the middles of equal parts of it. */
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

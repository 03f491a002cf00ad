import type { Channel } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';

/** An energy carrier, as readings hold it and as reports show it. */
export interface Carrier {
  /** Its channel: `natural_gas`. */
  readonly channel: string;
  /** Its name in words: `natural gas`. */
  readonly name: string;
  /** What its colour in charts stands for. */
  readonly colour: 'electricity' | 'fuel' | 'steam';
  /** The fields that power and energy follow from; undefined where the channel has both itself. */
  readonly flow?: CarrierFlow;
}

/** Rate · content / divisor is a power [kW], amount · content / divisor an energy [kWh]. */
interface CarrierFlow {
  readonly rate: string;
  readonly amount: string;
  readonly content: string;
  readonly divisor: number;
}

/** Kilojoules in a kilowatt-hour. */
const KJ_PER_KWH = 3600;

/** The carriers that machines take or give, in the order in which reports list them. */
export const CARRIERS: readonly Carrier[] = [
  { channel: 'electricity', name: 'electricity', colour: 'electricity' },
  {
    channel: 'natural_gas',
    name: 'natural gas',
    colour: 'fuel',
    flow: {
      rate: 'flow_rate_m3h',
      amount: 'consumption_m3',
      content: 'calorific_value_kwh_m3',
      divisor: 1,
    },
  },
  {
    channel: 'steam',
    name: 'steam',
    colour: 'steam',
    flow: {
      rate: 'flow_rate_kg_h',
      amount: 'consumption_kg',
      content: 'enthalpy_kj_kg',
      divisor: KJ_PER_KWH,
    },
  },
];

/**
 * The carrier of a channel, undefined for channels of none. Machines that take nothing but
 * electricity call its channel `energy`.
 */
export function carrierOf(channelName: string): Carrier | undefined {
  const wanted = channelName === 'energy' ? 'electricity' : channelName;
  return CARRIERS.find(({ channel }) => channel === wanted);
}

/** A value that follows from those of a reading that begins at `from`. */
export type Derived = (values: Float64Array, from: number) => number;

/**
 * What a carrier's flow is as power and energy, by column of `energy_readings`; nothing where the
 * channel has both itself.
 *
 *     natural gas: P = V̇ · H,  E = V · H          (m³/h, m³, kWh/m³)
 *     steam:       P = ṁ · h / 3600,  E = m · h / 3600   (kg/h, kg, kJ/kg)
 *
 * Both columns may not be null, so they are 0 where the flow or the heat content has no value.
 *
 * @throws RangeError for a channel that has neither.
 */
export function carrierColumns(
  type: MachineType,
  channel: Channel,
): Readonly<Record<string, Derived>> {
  const columnOf = (name: string) => channel.fields.find((field) => field.name === name)?.column;
  if (columnOf('power_kw') !== undefined && columnOf('energy_kwh') !== undefined) return {};
  for (const { flow } of CARRIERS) {
    if (!flow) continue;
    const [rateAt, amountAt, contentAt] = [flow.rate, flow.amount, flow.content].map(columnOf);
    if (rateAt === undefined || amountAt === undefined || contentAt === undefined) continue;
    return {
      power_kw: product(rateAt, contentAt, flow.divisor),
      energy_kwh: product(amountAt, contentAt, flow.divisor),
    };
  }
  throw new RangeError(`${type.type}: the channel ${channel.name} has neither power nor energy`);
}

function product(at: number, contentAt: number, divisor: number): Derived {
  return (values, from) => {
    const value = ((values[from + at] as number) * (values[from + contentAt] as number)) / divisor;
    return Number.isFinite(value) ? value : 0;
  };
}

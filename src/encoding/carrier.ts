import type { Channel } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';

/** An energy carrier, as it appears in readings and reports. */
export interface Carrier {
  /** Its channel: `natural_gas`. */
  readonly channel: string;
  /** Its name in words: `natural gas`. */
  readonly name: string;
  /** The key of its colour in charts. */
  readonly colour: 'electricity' | 'fuel' | 'steam';
  /** The fields that power and energy follow from; undefined if the channel has both. */
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

/** The carriers that machines consume or supply, in the order of reports. */
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
 * The carrier of a channel; undefined for other channels. Machines that consume only electricity
 * call its channel `energy`.
 */
export function carrierOf(channelName: string): Carrier | undefined {
  const wanted = channelName === 'energy' ? 'electricity' : channelName;
  return CARRIERS.find(({ channel }) => channel === wanted);
}

/** Computes a value from those of a reading that begins at `from`. */
export type Derived = (values: Float64Array, from: number) => number;

/**
 * Computes power and energy from a carrier's flow, by column of `energy_readings`; empty if the
 * channel has both.
 *
 *     natural gas: P = V̇ · H,  E = V · H          (m³/h, m³, kWh/m³)
 *     steam:       P = ṁ · h / 3600,  E = m · h / 3600   (kg/h, kg, kJ/kg)
 *
 * Neither column may be null, so both are 0 if the flow or the heat content has no value.
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

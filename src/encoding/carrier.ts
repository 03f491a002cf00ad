import type { Channel } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';

/** A value that follows from those of a reading that begins at `from`. */
export type Derived = (values: Float64Array, from: number) => number;

/** Kilojoules in a kilowatt-hour. */
const KJ_PER_KWH = 3600;

/**
 * What a carrier's flow is as power and energy, by column of `energy_readings`; nothing where the
 * channel says both itself.
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
  for (const { rate, amount, content, divisor } of CARRIERS) {
    const columns = [rate, amount, content].map(columnOf);
    const [rateAt, amountAt, contentAt] = columns;
    if (rateAt === undefined || amountAt === undefined || contentAt === undefined) continue;
    return {
      power_kw: product(rateAt, contentAt, divisor),
      energy_kwh: product(amountAt, contentAt, divisor),
    };
  }
  throw new RangeError(`${type.type}: the channel ${channel.name} tells neither power nor energy`);
}

const CARRIERS = [
  {
    rate: 'flow_rate_m3h',
    amount: 'consumption_m3',
    content: 'calorific_value_kwh_m3',
    divisor: 1,
  },
  {
    rate: 'flow_rate_kg_h',
    amount: 'consumption_kg',
    content: 'enthalpy_kj_kg',
    divisor: KJ_PER_KWH,
  },
] as const;

function product(at: number, contentAt: number, divisor: number): Derived {
  return (values, from) => {
    const value = ((values[from + at] as number) * (values[from + contentAt] as number)) / divisor;
    return Number.isFinite(value) ? value : 0;
  };
}

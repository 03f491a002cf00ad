import type { ValueDefect } from '../core/defect.ts';
import type { Field } from '../core/field.ts';
import { unlessNumber } from './numbers.ts';

/** A value in another unit than the field's: `factor` · x + `offset`. */
interface Unit {
  readonly of: string;
  readonly factor: number;
  readonly offset?: number;
}

/** Units that instruments are mistakenly set to. */
const UNITS: Readonly<Record<string, Unit>> = {
  Wh: { of: 'kWh', factor: 1000 },
  MWh: { of: 'kWh', factor: 0.001 },
  kJ: { of: 'kWh', factor: 3600 },
  MJ: { of: 'kWh', factor: 3.6 },
  W: { of: 'kW', factor: 1000 },
  MW: { of: 'kW', factor: 0.001 },
  kPa: { of: 'bar', factor: 100 },
  MPa: { of: 'bar', factor: 0.1 },
  psi: { of: 'bar', factor: 14.503774 },
  F: { of: '°C', factor: 1.8, offset: 32 },
  K: { of: '°C', factor: 1, offset: 273.15 },
  l_min: { of: 'm³/h', factor: 1000 / 60 },
  m3_min: { of: 'm³/h', factor: 1 / 60 },
  cfm: { of: 'm³/h', factor: 0.588578 },
  mA: { of: 'A', factor: 1000 },
  kV: { of: 'V', factor: 0.001 },
  in_s: { of: 'mm/s', factor: 1 / 25.4 },
};

/** A wrong factor or a wrong unit. */
export const scale: ValueDefect = {
  kind: 'scale',
  about: 'The value has a wrong factor, or is in another unit than its name says.',
  class: 'value',
  keys: {
    by: {
      about: 'The factor; a whole number of at least 0 on production_count.',
      type: { is: 'number', min: -1e6, max: 1e6 },
      isOptional: true,
    },
    unit: {
      about: 'The unit in which the value is told instead.',
      type: { is: 'choice', names: Object.keys(UNITS) },
      isOptional: true,
    },
  },
  isGrowing: true,
  conflict({ by, unit }) {
    if (by === undefined && unit === undefined)
      return { key: 'by', message: 'is missing; scale takes by or unit' };
    if (by === undefined || unit === undefined) return undefined;
    return { key: 'unit', message: 'does not go with by; scale takes one of them' };
  },
  refuses(field, _type, { by, unit }) {
    if (field.name === 'production_count') {
      if (unit !== undefined) return 'acts on production_count by a whole number, not by a unit';
      return typeof by === 'number' && !(Number.isInteger(by) && by >= 0)
        ? 'acts on production_count only by a whole number of at least 0'
        : undefined;
    }
    if (field.kind === 'count')
      return 'acts on production_count, which takes good and bad units along';
    const wanted = typeof unit === 'string' ? UNITS[unit]?.of : undefined;
    return (
      unlessNumber(field) ??
      (wanted === undefined || wanted === field.unit
        ? undefined
        : unfit(field, unit as string, wanted))
    );
  },
  tell(x, { values, growth }) {
    const { by, unit } = values;
    const { factor, offset = 0 } = UNITS[unit as string] ?? { factor: by as number };
    const scaled = x * (1 + growth * (factor - 1));
    return offset === 0 ? scaled : scaled + growth * offset;
  },
};

function unfit({ name, unit: own }: Field, unit: string, of: string): string {
  return `cannot tell ${name} in ${unit}: it is in ${own || 'no unit'}, and ${unit} replaces ${of}`;
}

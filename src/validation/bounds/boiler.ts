import { type Bound, WATCHED } from './bound.ts';

/** Steam boilers. */
export const BOILER_BOUNDS: readonly Bound[] = [
  {
    id: 'boil.eta',
    machineType: 'boiler',
    statistic: 'steam enthalpy gain / gas energy (gross)',
    conditions: WATCHED,
    low: 0.78,
    high: 0.86,
    unit: '1',
    source: 'DOE Steam Sourcebook; Siegert',
  },
  {
    id: 'boil.consistency',
    machineType: 'boiler',
    statistic: '|gas*10.55*eta - steam*0.650|/gas energy, firing intervals',
    conditions: WATCHED,
    low: 0,
    high: 0.002,
    unit: '1',
    source: 'energy balance (efficiency once)',
  },
  {
    id: 'boil.sat',
    machineType: 'boiler',
    statistic: 'max |T_steam - T_sat(p)|',
    conditions: WATCHED,
    low: 0,
    high: 0.5,
    unit: 'K',
    source: 'steam tables',
  },
  {
    id: 'boil.season',
    machineType: 'boiler',
    statistic: 'steam Jan / Jul',
    conditions: WATCHED,
    low: 1.05,
    high: 1.6,
    unit: '1',
    source: 'heating demand',
  },
];

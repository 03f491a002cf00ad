import type { FactoryDescription } from '../core/factory.ts';
import type { MachineType } from '../core/machine.ts';

/** The default calendar: two shifts at full production, nights at half, weekends at 30 %. */
export const DEFAULT_CALENDAR: FactoryDescription['calendar'] = {
  shifts: [
    { startMinute: 6 * 60, endMinute: 14 * 60, loadShare: 1 },
    { startMinute: 14 * 60, endMinute: 22 * 60, loadShare: 1 },
  ],
  restShare: 0.5,
  weekendShare: 0.3,
  holidays: [],
};

/** The default climate of factories, which is temperate. */
export const DEFAULT_CLIMATE: FactoryDescription['climate'] = {
  baseTempC: 15,
  summerOffsetK: 15,
  winterOffsetK: -10,
};

/** The factory that runs if no registry is given: one machine of each basic type. */
export const DEFAULT_FACTORY: FactoryDescription = {
  id: '11111111-1111-1111-1111-111111111111',
  name: 'Demo Manufacturing Plant',
  timeZone: 'UTC',
  latitude: 50,
  longitude: 0,
  nominalVoltageV: 400,
  nominalFrequencyHz: 50,
  climate: DEFAULT_CLIMATE,
  calendar: DEFAULT_CALENDAR,
  machines: [
    machine(1, 'Compressor-1', 'compressor', 55, 1),
    machine(2, 'HVAC-Main', 'hvac', 150, 10),
    machine(3, 'Conveyor-A', 'motor', 22, 10),
    machine(4, 'Hydraulic-Pump-1', 'pump', 45, 30),
    machine(5, 'Injection-Molding-1', 'injection_molding', 120, 30),
  ],
};

function machine(
  number: number,
  name: string,
  type: string,
  ratedPowerKw: number,
  intervalS: number,
): FactoryDescription['machines'][number] {
  return {
    id: `c0000000-0000-0000-0000-00000000000${number}`,
    name,
    type,
    ratedPowerKw,
    intervalS,
    topic: `factory/demo/${name.toLowerCase()}`,
  };
}

/**
 * The content of a factory file for a fleet of a given size: equal numbers of the basic types,
 * plus one of the first types for any remainder, with all typical rated powers.
 */
export function largeFleetContent(machines: number, catalogue: readonly MachineType[]): unknown {
  const types = DEFAULT_FACTORY.machines.map(({ type }) => type);
  const entries = types.flatMap((type, i) => {
    const count = Math.floor((machines + types.length - 1 - i) / types.length);
    const typical = catalogue.find((each) => each.type === type)?.typicalRatedPowerKw;
    return count > 0 ? [{ name: type, type, count, spread: { rated_power_kw: typical } }] : [];
  });
  return { factories: [{ name: 'Large fleet', topic: 'fleet', machines: entries }] };
}

import type { MachineRow } from './rows.ts';

/** Line-to-line voltages of low-voltage networks in factories [V]. */
const VOLTAGE_V = { 50: 400, 60: 480 } as const;
/** Line-to-line voltages that a factory's bus may have [V]. */
const VOLTAGE_MIN_V = 100;
const VOLTAGE_MAX_V = 1000;

/** Zones of the Americas with a grid of 50 Hz (IEC World Plugs: list by location). */
const AMERICAN_50_HZ = new Set(
  `Asuncion Barbados Buenos_Aires Cayenne Coyhaique Curacao Godthab Grenada Guadeloupe Jamaica
   La_Paz Martinique Montevideo Nuuk Punta_Arenas Santiago Scoresbysund St_Lucia St_Vincent Thule
   Argentina`.split(/\s+/),
);

/**
 * Voltage and frequency of a factory's grid: those that most of its machines are rated for, else
 * what is usual in its time zone.
 */
export function likelyGrid(
  timeZone: string,
  machines: readonly Pick<MachineRow, 'rated_voltage_v' | 'rated_frequency_hz'>[],
): { voltage: number; frequency: 50 | 60 } {
  const isHz = (hz: number): hz is 50 | 60 => hz === 50 || hz === 60;
  const frequency =
    most(machines.flatMap(({ rated_frequency_hz: hz }) => hz ?? []).filter(isHz)) ??
    usualFrequencyHz(timeZone);
  const isV = (v: number) => v >= VOLTAGE_MIN_V && v <= VOLTAGE_MAX_V;
  const voltage =
    most(machines.flatMap(({ rated_voltage_v: v }) => v ?? []).filter(isV)) ?? VOLTAGE_V[frequency];
  return { voltage, frequency };
}

function usualFrequencyHz(timeZone: string): 50 | 60 {
  const [area = '', place = ''] = timeZone.split('/');
  const isAmerican = area === 'America' || area === 'US' || area === 'Canada';
  return isAmerican && !AMERICAN_50_HZ.has(place) ? 60 : 50;
}

/** The value that occurs most often; of several, the least. */
function most<T extends number>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => m - n || a - b)[0]?.[0];
}

import { textual, type ValueType } from './value-type.ts';

/**
 * The name of a time zone. Offsets like `+02:00` are not accepted: they have no daylight saving
 * time, and Node 20 does not support them.
 */
export const ZONE: ValueType<string> = {
  ...textual(
    'the name of a time zone like Europe/Berlin',
    (name) => (isZone(name) ? spelled(name) : undefined),
    { examples: ['UTC', 'Europe/Berlin', 'America/Los_Angeles'] },
  ),
  names: zones,
};

function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The zone in the spelling of the time zone database, because grid areas are looked up by name.
 */
function spelled(name: string): string {
  const lower = name.toLowerCase();
  return zones().find((each) => each.toLowerCase() === lower) ?? name;
}

function zones(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')];
}

/** Typical latitudes of factories in the northern and the southern hemisphere [°]. */
const NORTHERN_LATITUDE = 50;
const SOUTHERN_LATITUDE = -35;

/**
 * Estimates the position of a factory from its time zone [°]: every 15° to the east, clocks are an
 * hour ahead, and only in the south does daylight saving time apply in January.
 */
export function likelyPosition(timeZone: string): { latitude: number; longitude: number } {
  const januaryH = offsetH(timeZone, Date.UTC(2026, 0, 15));
  const julyH = offsetH(timeZone, Date.UTC(2026, 6, 15));
  const longitude = 15 * Math.min(januaryH, julyH);
  return {
    latitude: januaryH > julyH ? SOUTHERN_LATITUDE : NORTHERN_LATITUDE,
    // Offsets go up to +14 h, beyond the date line.
    longitude: longitude > 180 ? longitude - 360 : longitude,
  };
}

function offsetH(timeZone: string, timeMs: number): number {
  const local = new Date(timeMs).toLocaleString('sv-SE', { timeZone });
  return Math.round((Date.parse(`${local.replace(' ', 'T')}Z`) - timeMs) / 900_000) / 4;
}

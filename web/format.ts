/** A number with a fixed number of decimals; a dash if there is no number. */
export function numberText(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  return value.toLocaleString('en', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** Power in kW or MW. */
export function powerText(powerKw: number): string {
  return powerKw >= 10_000 ? `${numberText(powerKw / 1000, 2)} MW` : `${numberText(powerKw, 1)} kW`;
}

/** Energy in kWh or MWh. */
export function energyText(energyKwh: number): string {
  return Math.abs(energyKwh) >= 10_000
    ? `${numberText(energyKwh / 1000, 2)} MWh`
    : `${numberText(energyKwh, Math.abs(energyKwh) < 1 ? 3 : 1)} kWh`;
}

/** Bytes in the largest unit that fits: `24.1 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${numberText(bytes / 1e3, bytes < 1e4 ? 1 : 0)} kB`;
  return bytes < 1e9 ? `${numberText(bytes / 1e6, 1)} MB` : `${numberText(bytes / 1e9, 2)} GB`;
}

/** `chilled_water_supply_temp_c` → `Chilled water supply temp`; the unit is shown elsewhere. */
export function fieldTitle(name: string): string {
  const words = name
    .replace(/_(kwh?|v|a|hz|c|percent|bar|m3h|mm_s|units_per_hour|kg_h|kg|m3|kj_kg)$/, '')
    .replaceAll('_', ' ')
    .replace(/^cop$/, 'COP');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `injection_molding` → `injection molding`. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** An instant in a time zone: `Mon 1 Jun, 12:00:05`. */
export function clockText(timeMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone,
  }).format(timeMs);
}

/** Where a daily total starts: `today`, or `since 14:05` if it does not start at midnight. */
export function sinceText(time: string | null, timeZone: string): string {
  if (time === null) return 'today';
  const clock = new Date(time).toLocaleTimeString('en-GB', { timeStyle: 'short', timeZone });
  return clock === '00:00' ? 'today' : `since ${clock}`;
}

/** An instant in UTC, to the second: `2026-06-01 12:00:05`. */
export function utcText(time: string | number): string {
  return `${isoText(time).slice(0, 10)} ${isoText(time).slice(11, 19)}`;
}

/** An instant in local time, to the second: `2026-06-01 14:00:05`. */
export function localText(time: string | number, timeZone: string): string {
  return new Date(time).toLocaleString('sv-SE', { timeZone });
}

/** An instant in the format of the API. */
export function isoText(time: string | number): string {
  return new Date(time).toISOString();
}

/** A duration in the largest unit that fits: `5 min`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${numberText(seconds / 3600, 1)} h`;
  return `${numberText(seconds / 86_400, 1)} days`;
}

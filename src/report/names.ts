import type { ReportSource } from './report-source.ts';

/** `injection_molding` → `injection molding`. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** A field's name without its unit: `pressure_bar` → `pressure`. */
export function fieldName(name: string): string {
  return words(name.replace(/_(kwh?|c|percent|bar|m3h|mm_s)$/, ''));
}

/** `outdoor temperature` → `Outdoor temperature`. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A name in a form suitable for a file: `Härte-Ofen 2` → `harte-ofen-2`. */
export function fileName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return plain.slice(0, FILE_NAME_MAX) || 'unnamed';
}

/** Well within the 255 bytes that file systems allow. */
const FILE_NAME_MAX = 80;

/** An instant in UTC, with seconds if they are not 0: `2026-01-14 10:00`. */
export function timeName(timeMs: number): string {
  return new Date(timeMs)
    .toISOString()
    .slice(0, timeMs % 60_000 === 0 ? 16 : 19)
    .replace('T', ' ');
}

/** A length of time in a suitable unit: `2.5 h`. */
export function lengthName(lengthMs: number): string {
  const minutes = lengthMs / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} min`;
  if (minutes < 2880) return `${(minutes / 60).toFixed(1)} h`;
  return `${(minutes / 1440).toFixed(1)} days`;
}

/**
 * The display name of each machine, by id; includes the factory if several machines share the
 * name.
 */
export function machineNames({
  machines,
  factories,
}: Pick<ReportSource, 'machines' | 'factories'>): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const { name } of machines) counts.set(name, (counts.get(name) ?? 0) + 1);
  const factoryNames = new Map(factories.map(({ id, name }) => [id, name]));
  return new Map(
    machines.map(({ id, name, factoryId }) => [
      id,
      counts.get(name) === 1 ? name : `${name} (${factoryNames.get(factoryId)})`,
    ]),
  );
}

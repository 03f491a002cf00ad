import type { Machine } from './simulator-client.ts';

/** Headings of the table of machines. */
export const MACHINE_HEADS = ['machine', 'state', '     power', 'alerts', 'anomaly'] as const;

/** A machine as a row under {@link MACHINE_HEADS}. */
export function machineRow(machine: Machine): readonly string[] {
  return [
    machine.machine_name,
    stateText(machine),
    `${machine.current_power_kw.toFixed(1)} kW`.padStart(10),
    alertsText(machine),
    anomalyText(machine),
  ].map(printable);
}

/** The state of a machine in a word. */
export function stateText({ is_running, operating_mode }: Machine): string {
  return is_running ? operating_mode : 'stopped';
}

/** The alerts of a machine, or a hyphen. */
export function alertsText({ alerts }: Machine): string {
  return alerts.map(({ code, level }) => `${code} (${level})`).join(', ') || '-';
}

/** The anomaly of a machine, or a hyphen. */
export function anomalyText(machine: Machine): string {
  const { anomaly_type, anomaly_severity, anomaly_ends_at } = machine;
  return anomaly_type === null
    ? '-'
    : `${anomaly_type}, severity ${anomaly_severity}, until ${anomaly_ends_at}`;
}

/** A text of a server without characters that control a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\ufffd');
}

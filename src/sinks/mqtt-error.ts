import { ReasonCodes } from 'mqtt';

/** An MQTT broker that is away, or that says no. Its message never holds a password. */
export class MqttError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MqttError';
  }
}

/** What a reason code of MQTT 5, or a return code of 3.1.1, says. */
export function reasonText(code: number): string {
  const text = (ReasonCodes as Readonly<Record<number, string>>)[code];
  return text ? text.toLowerCase() : `reason code ${code}`;
}

/** Codes for a wrong user name or password, and for not being authorized: of 3.1.1 and of 5. */
const REFUSALS = new Set<unknown>([4, 5, 134, 135]);

/** What an error of the network or of mqtt.js says. */
export function causeText(error: unknown): string {
  // Those of several addresses at once have no message of their own.
  if (error instanceof AggregateError && error.errors.length > 0) return causeText(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  if (REFUSALS.has(code)) return 'the broker does not accept the user name and password';
  return error.message || String(code ?? error.name);
}

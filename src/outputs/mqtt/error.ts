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

/** What a broker does not accept about us, by codes of 3.1.1 and of 5, and what sets it. */
const SETTINGS: Readonly<Record<number, string>> = {
  1: 'this version of MQTT; see MQTT_VERSION',
  2: 'the client id; see MQTT_CLIENT_ID',
  4: 'the user name and password',
  5: 'the user name and password',
  132: 'this version of MQTT; see MQTT_VERSION',
  133: 'the client id; see MQTT_CLIENT_ID',
  134: 'the user name and password',
  135: 'the user name and password',
  154: 'retained messages; the next will is not retained',
  155: 'the QoS of the will; see MQTT_QOS. The next will has QoS 0',
};

/** Why a broker has ended a connection, by a code of MQTT 5, and what sets that. */
export function endingText(code: number): string {
  const setting = ENDINGS[code];
  return `the broker ended it: ${reasonText(code)}${setting ? `, see ${setting}` : ''}`;
}

const ENDINGS: Readonly<Record<number, string>> = {
  141: 'MQTT_KEEPALIVE',
  142: 'MQTT_CLIENT_ID, which another client has',
  144: 'the topics of the machines',
  155: 'MQTT_QOS',
};

/** What an error of the network or of mqtt.js says. */
export function causeText(error: unknown): string {
  // Those of several addresses at once have no message of their own.
  if (error instanceof AggregateError && error.errors.length > 0) return causeText(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  const setting = typeof code === 'number' ? SETTINGS[code] : undefined;
  if (setting) return `the broker does not accept ${setting}`;
  if (error.message === 'connack timeout') return 'the broker did not answer in time';
  return error.message || String(code ?? error.name);
}

import { ReasonCodes } from 'mqtt';
import { errorText } from '../../core/errors.ts';

/** An MQTT broker is unreachable or reports an error; the message never has a password. */
export class MqttError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MqttError';
  }
}

/** The text of a reason code of MQTT 5, or a return code of 3.1.1. */
export function reasonText(code: number): string {
  const text = (ReasonCodes as Readonly<Record<number, string>>)[code];
  return text ? text.toLowerCase() : `reason code ${code}`;
}

/** What a broker rejects, by codes of MQTT 3.1.1 and 5, and the variable that sets it. */
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

/** Why a broker has closed a connection, by a code of MQTT 5, and the variable that sets it. */
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

/** The text of an error of the network or of mqtt.js. */
export function causeText(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const setting = typeof code === 'number' ? SETTINGS[code] : undefined;
  if (setting) return `the broker does not accept ${setting}`;
  return message === 'connack timeout' ? 'the broker did not answer in time' : errorText(error);
}

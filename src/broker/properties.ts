import { Code, Violation } from './reasons.ts';

type Properties = object | undefined;

/** The user property by which this broker introduces itself to clients of MQTT 5. */
export const INTRODUCTION = { server: 'enms-simulator' } as const;

/** MQTT 5 properties that must not be 0 [§3.1.2.11.3, §3.1.2.11.4]. */
const POSITIVE = new Set(['receiveMaximum', 'maximumPacketSize']);

/**
 * Checks the types of a packet's properties: for one that is truncated or repeated, the parser
 * returns null, −1 or a list.
 *
 * @param userMax - The maximum number of user properties.
 * @throws Violation if they are invalid.
 */
export function checkProperties(properties: Properties, userMax: number): void {
  let userCount = 0;
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name === 'userProperties') {
      for (const text of Object.values(value as object).flat()) {
        if (typeof text !== 'string') throw new Violation(Code.MALFORMED);
        userCount++;
      }
    } else if (typeof value === 'number') {
      if (value < (POSITIVE.has(name) ? 1 : 0)) throw new Violation(Code.PROTOCOL_ERROR);
    } else if (typeof value === 'string') {
      if (value.includes('\0')) throw new Violation(Code.MALFORMED);
    } else if (typeof value !== 'boolean' && !Buffer.isBuffer(value))
      throw new Violation(Code.PROTOCOL_ERROR);
  }
  if (userCount > userMax) throw new Violation(Code.QUOTA_EXCEEDED);
}

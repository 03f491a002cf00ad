/** Reason codes of MQTT 5, §2.4. */
export const Code = {
  DISCONNECT_WITH_WILL: 0x04,
  NO_SUBSCRIBERS: 0x10,
  NO_SUBSCRIPTION: 0x11,
  /** Codes from here on are errors. */
  FIRST_ERROR: 0x80,
  MALFORMED: 0x81,
  PROTOCOL_ERROR: 0x82,
  NOT_AUTHORIZED: 0x87,
  SHUTTING_DOWN: 0x8b,
  BAD_METHOD: 0x8c,
  KEEP_ALIVE: 0x8d,
  TAKEN_OVER: 0x8e,
  BAD_FILTER: 0x8f,
  BAD_TOPIC: 0x90,
  UNKNOWN_PACKET_ID: 0x92,
  RECEIVE_MAXIMUM: 0x93,
  TOO_LARGE: 0x95,
  QUOTA_EXCEEDED: 0x97,
  NO_SHARED: 0x9e,
} as const;

/** In a SUBACK of MQTT 3.1.1: the subscription was refused [§3.9.3]. */
export const SUBACK_FAILURE = 0x80;
/** Why a client is rejected, with the codes for both kinds of CONNACK. */
export interface Refusal {
  readonly reason: string;
  /** Return code of MQTT 3.1.1, §3.2.2.3. */
  readonly returnCode: number;
  /** Reason code of MQTT 5, §3.2.2.2. */
  readonly reasonCode: number;
}

/** An unsupported protocol version. */
export const VERSION_REFUSED: Refusal = {
  reason: 'this version of MQTT is not supported; set the client to 3.1.1 or 5',
  returnCode: 1,
  reasonCode: 0x84,
};
/** An invalid client id. */
export const BAD_CLIENT_ID: Refusal = {
  reason: 'this client id is not accepted: empty without a clean session, or too long',
  returnCode: 2,
  reasonCode: 0x85,
};
/** An invalid will. */
export const BAD_WILL: Refusal = {
  reason: 'the will is too large, or its topic is invalid',
  returnCode: 3,
  reasonCode: Code.QUOTA_EXCEEDED,
};
/** An unsupported authentication method. */
export const BAD_METHOD: Refusal = {
  reason: 'enhanced authentication is not supported',
  returnCode: 5,
  reasonCode: Code.BAD_METHOD,
};

/** Too many clients. */
export const FULL: Refusal = {
  reason: 'the broker has too many clients',
  returnCode: 3,
  reasonCode: 0x89,
};
/** A wrong user name or password. */
export const BAD_USER: Refusal = {
  reason: 'bad user name or password',
  returnCode: 4,
  reasonCode: 0x86,
};
/** A client id that is reserved for the simulator's processes. */
export const OWN_ID: Refusal = {
  reason: 'this client id is reserved for the simulator',
  returnCode: 2,
  reasonCode: 0x85,
};

/** A client violates the standard, or a limit of the broker. */
export class Violation extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`reason code ${code}`);
    this.code = code;
  }
}

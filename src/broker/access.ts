import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { BAD_USER, OWN_ID, type Refusal } from './reasons.ts';

/**
 * First topic levels that only the simulator itself publishes under: existing ingest flows take
 * whatever comes there for its readings. `$SYS` is where brokers speak of themselves.
 */
const RESERVED_LEVELS = new Set(['factory', 'ground-truth', 'simulator', '$SYS']);

/** What clients must say to be let in; nothing, if there is no user name. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Clients that are processes of the simulator. */
export interface OwnClients extends Credentials {
  /** What their client ids begin with; nobody else may have such an id. */
  readonly clientIds: string;
}

/** Called with a client's id and the reason for which it was turned away. */
export type RefusalListener = (clientId: string, reason: string) => void;

/** Whether only the simulator itself may publish to a topic. */
export function isReservedTopic(topic: string): boolean {
  const end = topic.indexOf('/');
  return RESERVED_LEVELS.has(end < 0 ? topic : topic.slice(0, end));
}

/** Tells who clients are by what they say. */
export class Access {
  readonly #own: OwnClients | undefined;
  readonly #isOpen: boolean;
  readonly #key = randomBytes(32);
  readonly #expected: Digests;
  readonly #ownExpected: Digests;

  constructor({ username, password }: Credentials, own: OwnClients | undefined) {
    this.#own = own;
    this.#isOpen = username === undefined;
    this.#expected = this.#digests(username, password);
    this.#ownExpected = this.#digests(own?.username, own?.password);
  }

  /** @returns Whether a client is one of the simulator's own; why, where it is not let in. */
  admit(clientId: string, username?: string, password?: Buffer): boolean | Refusal {
    const given = this.#digests(username, password);
    const isUser = isSame(given, this.#expected);
    const isOwn = isSame(given, this.#ownExpected) && this.#own !== undefined;
    if (isOwn) return true;
    if (!this.#isOpen && !isUser) return BAD_USER;
    return this.#own && clientId.startsWith(this.#own.clientIds) ? OWN_ID : false;
  }

  /** Digests are of one length, so that comparing them takes one time, whatever was given. */
  #digests(username: string | undefined, password: string | Buffer | undefined): Digests {
    const digest = (text: string | Buffer = '') =>
      createHmac('sha256', this.#key).update(text).digest();
    return [digest(username), digest(password)];
  }
}

type Digests = readonly [username: Buffer, password: Buffer];

function isSame(given: Digests, expected: Digests): boolean {
  const isUsername = timingSafeEqual(given[0], expected[0]);
  const isPassword = timingSafeEqual(given[1], expected[1]);
  return isUsername && isPassword;
}

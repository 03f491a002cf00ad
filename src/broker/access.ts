import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { BAD_USER, OWN_ID, type Refusal } from './reasons.ts';

/**
 * First topic levels that only the simulator may publish under: existing ingest flows treat every
 * message there as a reading. Brokers report about themselves under `$SYS`.
 */
const RESERVED_LEVELS = new Set(['factory', 'ground-truth', 'simulator', '$SYS']);

/** What a client must present to connect. Without a user name, anyone may connect. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Credentials of the simulator's own processes. */
export interface OwnClients extends Credentials {
  /** The prefix of their client ids, which is reserved for them. */
  readonly clientIds: string;
}

/** Called with the id of a rejected client and the reason. */
export type RefusalListener = (clientId: string, reason: string) => void;

/** Whether only the simulator may publish to a topic. */
export function isReservedTopic(topic: string): boolean {
  const end = topic.indexOf('/');
  return RESERVED_LEVELS.has(end < 0 ? topic : topic.slice(0, end));
}

/** Decides which clients may connect, and which of them belong to the simulator. */
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

  /** @returns Whether the client is one of the simulator's own, or why it is rejected. */
  admit(clientId: string, username?: string, password?: Buffer): boolean | Refusal {
    const given = this.#digests(username, password);
    const isUser = isSame(given, this.#expected);
    const isOwn = isSame(given, this.#ownExpected) && this.#own !== undefined;
    if (isOwn) return true;
    if (!this.#isOpen && !isUser) return BAD_USER;
    return this.#own && clientId.startsWith(this.#own.clientIds) ? OWN_ID : false;
  }

  /** Digests have equal lengths, so comparing them takes the same time for any input. */
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

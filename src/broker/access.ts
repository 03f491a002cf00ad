import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AedesOptions, Client } from 'aedes';

/**
 * First topic levels that only the simulator itself publishes under: existing ingest flows take
 * whatever comes there for its readings. `$SYS` is the broker's own.
 */
const OWN_LEVELS = new Set(['factory', 'ground-truth', 'simulator', '$SYS']);

/** Return codes of MQTT 3.1.1, §3.2.2.3. */
const SERVER_UNAVAILABLE = 3;
const BAD_USER_NAME_OR_PASSWORD = 4;

/** What clients must say to be let in; nothing, if there is no user name. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Clients that are parts of the simulator: its reader processes. */
export class OwnClients {
  readonly #credentials: Credentials | undefined;
  readonly #clients = new WeakSet<Client>();

  /** @param credentials - What they say, and nobody else can know; none: there are no such. */
  constructor(credentials: Credentials | undefined) {
    this.#credentials = credentials;
  }

  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  add(client: Client): void {
    this.#clients.add(client);
  }

  has(client: Client | null): boolean {
    return client !== null && this.#clients.has(client);
  }
}

/** Called with a client's id and the reason for which it was turned away. */
export type RefusalListener = (clientId: string, reason: string) => void;

type Authenticate = NonNullable<AedesOptions['authenticate']>;
type AuthorizePublish = NonNullable<AedesOptions['authorizePublish']>;

/** Whether only the simulator itself may publish to a topic. */
function isOwnTopic(topic: string): boolean {
  const end = topic.indexOf('/');
  return OWN_LEVELS.has(end < 0 ? topic : topic.slice(0, end));
}

/** Lets clients in by their number and by what they say. */
export function authenticator(
  { username, password }: Credentials,
  own: OwnClients,
  isFull: () => boolean,
  onRefused: RefusalListener,
): Authenticate {
  const key = randomBytes(32);
  // Digests are of one length, so that comparing them takes one time, whatever was said.
  const digest = (text: string | Buffer) => createHmac('sha256', key).update(text).digest();
  const expectedUsername = digest(username ?? '');
  const expectedPassword = digest(password ?? '');
  const ownUsername = digest(own.credentials?.username ?? '');
  const ownPassword = digest(own.credentials?.password ?? '');
  return (client, saidUsername, saidPassword, done) => {
    const isUser = timingSafeEqual(digest(saidUsername ?? ''), expectedUsername);
    const isPassword = timingSafeEqual(digest(saidPassword ?? ''), expectedPassword);
    const isOwn =
      own.credentials !== undefined &&
      timingSafeEqual(digest(saidUsername ?? ''), ownUsername) &&
      timingSafeEqual(digest(saidPassword ?? ''), ownPassword);
    if (isOwn) own.add(client);
    if (isFull()) refuse(SERVER_UNAVAILABLE, 'the broker has as many clients as it takes');
    else if (!isOwn && username !== undefined && !(isUser && isPassword))
      refuse(BAD_USER_NAME_OR_PASSWORD, 'bad user name or password');
    else done(null, true);

    function refuse(returnCode: number, reason: string): void {
      onRefused(client.id, reason);
      done(Object.assign(new Error(reason), { returnCode }), false);
    }
  };
}

/**
 * Keeps clients from publishing as the simulator: their connection is closed, which is all that
 * MQTT 3.1.1 has to say no with (§3.3.5). Wills are asked about in the same way.
 */
export function publishAuthorizer(own: OwnClients, onRefused: RefusalListener): AuthorizePublish {
  return (client: Client | null, { topic }, done) => {
    if (!isOwnTopic(topic) || own.has(client)) return done(null);
    const reason = `may not publish to ${topic}: only the simulator does`;
    onRefused(client?.id ?? '', reason);
    done(new Error(reason));
  };
}

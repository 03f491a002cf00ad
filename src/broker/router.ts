import type { BrokerLimits } from './limits.ts';
import { Message, type MessageFields, type Will } from './message.ts';
import type { Notices } from './notices.ts';
import { Code } from './reasons.ts';
import { RetainedMessages } from './retained.ts';
import { Session, type Subscription } from './session.ts';
import { FilterTree } from './topics.ts';

/** Delivers messages to subscribers and keeps the sessions. */
export class Router {
  readonly retained: RetainedMessages;
  readonly #limits: BrokerLimits;
  readonly #notices: Notices;
  readonly #sessions = new Map<string, Session>();
  readonly #filters = new FilterTree<Subscription>();
  #filterLevels = 0;
  #waitingBytes = 0;
  /** Reused for every message. */
  readonly #found: Subscription[] = [];

  constructor(limits: BrokerLimits, notices: Notices) {
    this.#limits = limits;
    this.#notices = notices;
    this.retained = new RetainedMessages(limits, notices);
  }

  /** Bytes that wait for absent clients or for acknowledgements. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  session(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  open(id: string, isOwn: boolean): Session {
    const session = new Session(id, isOwn, this.#limits, (bytes) => {
      this.#waitingBytes += bytes;
    });
    this.#sessions.set(id, session);
    return session;
  }

  /** Removes a session and everything stored for it. */
  end(session: Session): void {
    for (const { filter } of session.subscriptions.values()) this.unsubscribe(session, filter);
    session.clear();
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  /**
   * Adds a subscription, or replaces the one with the same filter.
   *
   * @returns False if the client has too many filters, or all clients together have and this one
   *   has the most.
   */
  subscribe(subscription: Subscription): boolean {
    const { session, filter } = subscription;
    const last = session.subscriptions.get(filter);
    if (last) this.#filters.remove(filter, last);
    else {
      if (session.subscriptions.size >= this.#limits.filtersPerClient) return false;
      if (!this.#makeRoomForFilter(session, levelsOf(filter))) return false;
      this.#filterLevels += levelsOf(filter);
    }
    this.#filters.add(filter, subscription);
    session.subscriptions.set(filter, subscription);
    return true;
  }

  /** @returns False if there was no such subscription. */
  unsubscribe(session: Session, filter: string): boolean {
    const subscription = session.subscriptions.get(filter);
    if (!subscription) return false;
    this.#filters.remove(filter, subscription);
    this.#filterLevels -= levelsOf(filter);
    session.subscriptions.delete(filter);
    session.stopReplay(filter);
    return true;
  }

  /**
   * Delivers a message once to each session with a matching filter.
   *
   * @param origin - The session that published it, if a client did.
   * @returns Whether there is any subscriber.
   */
  publish(fields: MessageFields, origin?: Session): boolean {
    const message = new Message(fields);
    if (message.retain) this.retained.keep(message);
    const found = this.#found;
    found.length = 0;
    this.#filters.match(message.topic, found);
    const isTaken = found.length > 0;
    if (found.length === 1) this.#deliver(message, found[0] as Subscription, origin);
    else
      for (const subscription of strongest(found, origin))
        this.#deliver(message, subscription, origin);
    while (this.#waitingBytes > this.#limits.waitingBytes) this.#makeRoom();
    return isTaken;
  }

  /** Ends sessions that have expired or are too many, and publishes the wills that are due. */
  sweep(nowMs: number, publishWill: (session: Session, will: Will) => void): void {
    const away: Session[] = [];
    for (const session of this.#sessions.values()) {
      const { awaySinceMs, will } = session;
      if (awaySinceMs === undefined) continue;
      const isOver = nowMs - awaySinceMs >= session.expiryMs;
      if (will && (isOver || nowMs >= will.atMs)) {
        session.will = undefined;
        publishWill(session, will.will);
      }
      if (isOver) this.end(session);
      else away.push(session);
    }
    const { sessionsAway } = this.#limits;
    if (away.length <= sessionsAway) return;
    away.sort((a, b) => (a.awaySinceMs as number) - (b.awaySinceMs as number));
    for (const session of away.slice(0, away.length - sessionsAway))
      this.#evict(session, `${sessionsAway} other clients are away`);
  }

  #deliver(message: Message, subscription: Subscription, origin: Session | undefined): void {
    const { session, isNoLocal, keepsRetain } = subscription;
    if (isNoLocal && session === origin) return;
    // [MQTT-3.8.4-6]
    const qos = Math.min(message.qos, subscription.qos) as 0 | 1 | 2;
    session.deliver(message, qos, keepsRetain && message.retain);
    const { sessionBytes } = this.#limits;
    if (session.waitingBytes <= sessionBytes) return;
    const count = session.dropOldest(sessionBytes);
    this.#notices.report(
      'messages',
      () =>
        `the oldest ${count} messages for client ${session.id} were dropped: ` +
        `more than ${sessionBytes} bytes were waiting for it`,
    );
  }

  /**
   * Ends a session that takes more than an equal share of the memory: the one that has been away
   * longest, so that small sessions do not suffer from others.
   */
  #makeRoom(): void {
    const waiting = [...this.#sessions.values()].filter(({ waitingBytes }) => waitingBytes > 0);
    const share = this.#waitingBytes / waiting.length;
    const sinceMs = ({ awaySinceMs }: Session) => awaySinceMs ?? Number.POSITIVE_INFINITY;
    const victim = waiting
      .filter(({ waitingBytes }) => waitingBytes >= share)
      .reduce((a, b) => (sinceMs(b) < sinceMs(a) ? b : a));
    this.#evict(victim, `more than ${this.#limits.waitingBytes} bytes were waiting in all`);
  }

  /** Ends the session with the most filters, unless it is this one. */
  #makeRoomForFilter(session: Session, levels: number): boolean {
    const { filterLevels } = this.#limits;
    while (this.#filterLevels + levels > filterLevels) {
      const fullest = [...this.#sessions.values()].reduce((a, b) =>
        b.subscriptions.size > a.subscriptions.size ? b : a,
      );
      if (fullest.subscriptions.size <= session.subscriptions.size) return false;
      this.#evict(
        fullest,
        `all filters together have more than ${filterLevels} levels, and it has the most filters`,
      );
    }
    return true;
  }

  #evict(session: Session, reason: string): void {
    this.#notices.report(
      'session',
      () =>
        `the session of client ${session.id} was ended and its messages were dropped: ${reason}`,
    );
    session.expiryMs = 0;
    session.link?.close(Code.QUOTA_EXCEEDED);
    this.end(session);
  }
}

function levelsOf(filter: string): number {
  return filter.split('/').length;
}

/** For each session, the subscription with the highest QoS. */
function strongest(
  found: readonly Subscription[],
  origin: Session | undefined,
): Iterable<Subscription> {
  const bySession = new Map<Session, Subscription>();
  for (const subscription of found) {
    const { session, isNoLocal, qos } = subscription;
    if (isNoLocal && session === origin) continue;
    const last = bySession.get(session);
    if (!last || qos > last.qos) bySession.set(session, subscription);
  }
  return bySession.values();
}

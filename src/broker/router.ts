import type { BrokerLimits } from './limits.ts';
import { Message, type MessageFields, type Will } from './message.ts';
import type { Notices } from './notices.ts';
import { Code } from './reasons.ts';
import { RetainedMessages } from './retained.ts';
import { Session, type Subscription } from './session.ts';
import { FilterTree } from './topics.ts';

/** Knows who gets what, and what is kept for whom. */
export class Router {
  readonly retained: RetainedMessages;
  readonly #limits: BrokerLimits;
  readonly #notices: Notices;
  readonly #sessions = new Map<string, Session>();
  readonly #filters = new FilterTree<Subscription>();
  #filterLevels = 0;
  #waitingBytes = 0;
  /** Used again for every message. */
  readonly #found: Subscription[] = [];

  constructor(limits: BrokerLimits, notices: Notices) {
    this.#limits = limits;
    this.#notices = notices;
    this.retained = new RetainedMessages(limits, notices);
  }

  /** What is kept for clients that are away, or have not acknowledged it yet [bytes]. */
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

  /** Forgets a session and everything that was kept for it. */
  end(session: Session): void {
    for (const { filter } of session.subscriptions.values()) this.unsubscribe(session, filter);
    session.clear();
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  /**
   * Has a session get what matches a filter.
   *
   * @returns False where its client has as many filters as are taken, or all of them have, and
   *   nobody more than this one.
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

  /** @returns False where there was no such subscription. */
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
   * Hands a message to all whose filters match, each of them once.
   *
   * @param origin - Whose message it is, if it is a client's.
   * @returns Whether anybody gets it.
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

  /** Ends sessions that have expired, or are too many, and publishes wills that are due. */
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
      this.#evict(session, `${sessionsAway} clients are away already`);
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
        `the oldest ${count} waiting for client ${session.id} were given up: ` +
        `more than ${sessionBytes} bytes waited for it`,
    );
  }

  /**
   * Ends a session that has more than its share of what all may keep: of those the one that has
   * been away longest, so that nobody who keeps little is hurt by others.
   */
  #makeRoom(): void {
    const waiting = [...this.#sessions.values()].filter(({ waitingBytes }) => waitingBytes > 0);
    const share = this.#waitingBytes / waiting.length;
    const sinceMs = ({ awaySinceMs }: Session) => awaySinceMs ?? Number.POSITIVE_INFINITY;
    const victim = waiting
      .filter(({ waitingBytes }) => waitingBytes >= share)
      .reduce((a, b) => (sinceMs(b) < sinceMs(a) ? b : a));
    this.#evict(victim, `more than ${this.#limits.waitingBytes} bytes waited in all`);
  }

  /** Ends the session with the most filters, if it is another one. */
  #makeRoomForFilter(session: Session, levels: number): boolean {
    const { filterLevels } = this.#limits;
    while (this.#filterLevels + levels > filterLevels) {
      const fullest = [...this.#sessions.values()].reduce((a, b) =>
        b.subscriptions.size > a.subscriptions.size ? b : a,
      );
      if (fullest.subscriptions.size <= session.subscriptions.size) return false;
      this.#evict(fullest, `all filters have more than ${filterLevels} levels, and it has most`);
    }
    return true;
  }

  #evict(session: Session, reason: string): void {
    this.#notices.report(
      'session',
      () => `the session of client ${session.id} was given up with what waited for it: ${reason}`,
    );
    session.expiryMs = 0;
    session.link?.close(Code.QUOTA_EXCEEDED);
    this.end(session);
  }
}

function levelsOf(filter: string): number {
  return filter.split('/').length;
}

/** Of each session's subscriptions one: that with the highest quality of service. */
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

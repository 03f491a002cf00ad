const MIB = 1024 * 1024;

/** What the broker keeps for its clients at most, and how long it waits for them. */
export interface BrokerLimits {
  /** Clients at once; each costs some 20 kB and a share of every message. */
  readonly clients: number;
  /** Sessions whose client is away: as many again, so that all may restart at once. */
  readonly sessionsAway: number;
  /** A session ends when its client has been away for so long [ms]. */
  readonly sessionMs: number;
  /** Bytes of a client id; it is kept as long as the session. */
  readonly clientIdBytes: number;
  /** Largest packet that a client may send [bytes]; the readings themselves are far below it. */
  readonly packetBytes: number;
  /** Bytes of packets that have begun to arrive, of all connections. */
  readonly partialBytes: number;
  /** Bytes of a topic or filter; longest that brokers in use commonly take are 256 to 4,096. */
  readonly topicBytes: number;
  /** Levels of a topic or filter: what a message costs grows with them. */
  readonly topicLevels: number;
  /** User properties of a message: parsed, each takes far more memory than on the wire. */
  readonly userProperties: number;
  /** Bytes of a will, kept for each connected client. */
  readonly willBytes: number;
  /** Filters of one SUBSCRIBE that are granted: each has the retained topics looked through. */
  readonly filtersPerPacket: number;
  /** Filters of one client. */
  readonly filtersPerClient: number;
  /** Levels of all filters together: each takes some 300 bytes, and a message may pass them all. */
  readonly filterLevels: number;
  /** Bytes of all retained messages. */
  readonly retainedBytes: number;
  /** Bytes of retained messages that others than the simulator have left behind. */
  readonly foreignRetainedBytes: number;
  /** Topics with such messages. */
  readonly foreignRetainedTopics: number;
  /** Bytes that wait for acknowledgement or for the return of a client, of all sessions. */
  readonly waitingBytes: number;
  /** Of one session: below the whole, so that one alone loses its oldest messages, not itself. */
  readonly sessionBytes: number;
  /** Bytes that wait for one connected client; with more it is disconnected. */
  readonly clientBytes: number;
  /** Bytes that wait in the sockets of all clients. */
  readonly socketBytes: number;
  /** With more bytes waiting than this, a client is behind, and publishers are held a little. */
  readonly behindBytes: number;
  /** Publishers are held for so long at most [ms]: nobody else may get anything 2 s late. */
  readonly holdMs: number;
  /** A client that has taken nothing for so long is disconnected [ms]. */
  readonly stalledMs: number;
  /** Messages in flight to one client: well below the 65,535 packet ids there are. */
  readonly inFlight: number;
  /** Bytes in flight to one client: what a returning session is sent again at once. */
  readonly inFlightBytes: number;
  /** QoS 2 messages of one client that are received and not released. */
  readonly unreleased: number;
  /** A client that connects must say who it is within this [ms]. */
  readonly connectMs: number;
  /** Connections and sessions are looked at so often [ms]. */
  readonly sweepMs: number;
  /** What was given up is told so often, for each kind [ms]. */
  readonly noticeMs: number;
}

/** The limits of a broker that is not told otherwise. */
export const BROKER_LIMITS: BrokerLimits = {
  clients: 1000,
  sessionsAway: 1000,
  sessionMs: 3_600_000,
  clientIdBytes: 256,
  packetBytes: 256 * 1024,
  partialBytes: 32 * MIB,
  topicBytes: 1024,
  topicLevels: 32,
  userProperties: 32,
  willBytes: 16 * 1024,
  filtersPerPacket: 100,
  filtersPerClient: 1000,
  filterLevels: 120_000,
  retainedBytes: 64 * MIB,
  foreignRetainedBytes: 32 * MIB,
  foreignRetainedTopics: 10_000,
  waitingBytes: 64 * MIB,
  sessionBytes: 48 * MIB,
  clientBytes: 4 * MIB,
  socketBytes: 64 * MIB,
  behindBytes: MIB,
  holdMs: 1000,
  stalledMs: 10_000,
  inFlight: 1000,
  inFlightBytes: MIB,
  unreleased: 1000,
  connectMs: 10_000,
  sweepMs: 1000,
  noticeMs: 60_000,
};

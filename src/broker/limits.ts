const MIB = 1024 * 1024;

/** Limits on what the broker stores for its clients and how long it waits for them. */
export interface BrokerLimits {
  /** Clients at a time; each costs some 20 kB and a share of every message. */
  readonly clients: number;
  /** Sessions without a client: as many as clients, so that all clients may restart at once. */
  readonly sessionsAway: number;
  /** A session expires when its client has been away for this long [ms]. */
  readonly sessionMs: number;
  /** Bytes of a client id, which is stored as long as the session. */
  readonly clientIdBytes: number;
  /** Largest packet that a client may send [bytes]; readings are far smaller. */
  readonly packetBytes: number;
  /** Bytes of incomplete packets, over all connections. */
  readonly partialBytes: number;
  /** Bytes of a topic or filter. Other brokers commonly accept 256 to 4,096. */
  readonly topicBytes: number;
  /** Levels of a topic or filter: the cost of a message grows with them. */
  readonly topicLevels: number;
  /** User properties of a message: each takes far more memory parsed than on the wire. */
  readonly userProperties: number;
  /** Bytes of a will, which is stored for each connected client. */
  readonly willBytes: number;
  /** Filters granted per SUBSCRIBE: each one searches all retained topics. */
  readonly filtersPerPacket: number;
  /** Filters per client. */
  readonly filtersPerClient: number;
  /**
   * Levels of all filters together: each takes some 300 bytes, and a message may visit them all.
   */
  readonly filterLevels: number;
  /** Bytes of all retained messages. */
  readonly retainedBytes: number;
  /** Bytes of retained messages from clients other than the simulator. */
  readonly foreignRetainedBytes: number;
  /** Topics that have such messages. */
  readonly foreignRetainedTopics: number;
  /** Bytes that wait for an acknowledgement or for an absent client, over all sessions. */
  readonly waitingBytes: number;
  /**
   * The same for one session. It is lower, so that a session on its own loses its oldest messages
   * rather than everything.
   */
  readonly sessionBytes: number;
  /** Bytes that wait for one connected client; with more it is disconnected. */
  readonly clientBytes: number;
  /** Bytes waiting in the sockets of all clients. */
  readonly socketBytes: number;
  /** A client with more bytes waiting than this is behind, and publishers wait for it briefly. */
  readonly behindBytes: number;
  /** How long publishers wait at most [ms], so that nothing reaches other clients 2 s late. */
  readonly holdMs: number;
  /** A client that has received nothing for this long is disconnected [ms]. */
  readonly stalledMs: number;
  /** Messages in flight to one client: well below the 65,535 packet ids that exist. */
  readonly inFlight: number;
  /** Bytes in flight to one client, which are sent again at once when a session resumes. */
  readonly inFlightBytes: number;
  /** QoS 2 messages from one client that were received and not released. */
  readonly unreleased: number;
  /** How long a client has to send its CONNECT [ms]. */
  readonly connectMs: number;
  /** How often connections and sessions are checked [ms]. */
  readonly sweepMs: number;
  /** Least time between two notices of the same kind [ms]. */
  readonly noticeMs: number;
}

/** The default limits. */
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

/** The behaviour of each sink when something is wrong with its peer: the matrix, as data. */

/** The sinks. */
export type SinkName = 'mqtt' | 'embedded' | 'postgres';

/** What is wrong with the peer. */
export type Condition =
  | 'silent'
  | 'half-open'
  | 'refuses one'
  | 'refuses all'
  | 'cuts every second'
  | 'slow'
  | 'restarted'
  | 'wrong credentials'
  | 'wrong protocol version'
  | 'clock stepped';

/** A line of the log. */
export interface Line {
  readonly message: string;
  /** Its field `reason`. */
  readonly reason?: string;
}

/**
 * The behaviour in one condition. In its texts `HOST`, `PORT`, `DATABASE`, `TOPIC`, `TIME`
 * and `N` stand for values that differ each time.
 */
export interface Cell {
  readonly sink: SinkName;
  readonly condition: Condition;
  /** How the peer is made to misbehave. */
  readonly how: string;
  /** What health reports, if anything. */
  readonly problem?: { readonly part: string; readonly reason: string; readonly withinS: number };
  /** Lines of the log, in this order, once each (or once per topic). */
  readonly log: readonly Line[];
  /** Lines that may appear in between, depending on timing. */
  readonly maybe?: readonly Line[];
  /** What is missing or repeated afterwards. */
  readonly after: string;
  /** Longest time from the peer's recovery until health recovers; default: {@link WELL_AFTER_S}. */
  readonly wellAfterS?: number;
}

/** Default time from the peer's recovery until health recovers [s]. */
export const WELL_AFTER_S = 10;

/** A condition that cannot occur with a sink. */
export interface EmptyCell {
  readonly sink: SinkName;
  readonly condition: Condition;
  readonly why: string;
}

const down = (sink: string, reason: string): Line => ({
  message: `${sink} does not take readings; trying again until it does`,
  reason,
});
const other = (sink: string, reason: string): Line => ({
  message: `${sink} still does not take readings, for another reason`,
  reason,
});
const oftenLost = (sink: string, reason: string): Line => ({
  message: `${sink} loses its connection again and again`,
  reason,
});
const again = (sink: string): Line => ({ message: `${sink} takes readings again` });
const STALL = 'nothing was acknowledged for 30 s';
const stalled = (sink: string, address: string): Line => ({
  message: `${sink} has stalled: ${address}: ${STALL}; reconnecting`,
  reason: `${address}: ${STALL}`,
});
const refused = (sink: string, reason: string): readonly Line[] => [
  { message: `${sink} refuses messages of a topic: left out`, reason },
  { message: `${sink} accepts messages of a topic again` },
];
const behind = (sink: string): Line => ({
  message: `${sink} is behind and does not catch up`,
  reason: BEHIND,
});
const BEHIND = 'it is N s behind and does not catch up';

const ALL = 'nothing is missing';
const MQTT_REPEATS = 'nothing is missing; what was not acknowledged comes again, the same bytes';
const MQTT = 'mqtt://HOST:PORT';
const POSTGRES = 'HOST:PORT/DATABASE';
const NO_ANSWER = `${MQTT}: no connection (the broker did not answer in time)`;
const LOST = `${MQTT}: the connection was lost`;
const LOST_YOUNG =
  `${LOST}, usually for MQTT_QOS=1, MQTT_VERSION=4, ` +
  'MQTT_CLIENT_ID, if another client has it too, or the topic';
const MQTT_REFUSED = `${MQTT}: no connection (connect ECONNREFUSED HOST:PORT)`;
const BAD_USER = `${MQTT}: no connection (the broker does not accept the user name and password)`;
const BAD_VERSION = `${MQTT}: no connection (the broker does not accept this version of MQTT; see MQTT_VERSION)`;
const ENDED = `${POSTGRES}: Connection terminated unexpectedly`;
const NOT_THERE = `${POSTGRES}: no connection (Connection terminated unexpectedly)`;
const TIMEOUT = `${POSTGRES}: no connection (timeout expired)`;
const CHECKED = 'new row for relation "energy_readings" violates check constraint "no_compressor"';
const DENIED = `${POSTGRES}: permission denied for table energy_readings`;
const SHUT = `${POSTGRES}: terminating connection due to administrator command`;
const GONE = `${POSTGRES}: no connection (connect ECONNREFUSED HOST:PORT)`;
const PASSWORD = `${POSTGRES}: no connection (password authentication failed for user "factory")`;
const FORWARD =
  'the clock went forward by 3600 s, from TIME to TIME; ' +
  'readings wait until it has been stable for 60 s';

const clockStepped = (sink: SinkName): Cell => ({
  ...{ sink, condition: 'clock stepped' },
  how: 'the clock goes forward by an hour and is set right again',
  problem: { part: 'clock', reason: FORWARD, withinS: 5 },
  log: [{ message: FORWARD }, { message: 'the clock went back by 3600 s, from TIME to TIME' }],
  after: 'nothing is missing or repeated; see *When the clock jumps*',
});

/** The cells, in the order of the document. */
export const MATRIX: readonly (Cell | EmptyCell)[] = [
  {
    ...{ sink: 'mqtt', condition: 'silent' },
    how: 'accepts connections and never says a word',
    problem: { part: 'mqtt', reason: NO_ANSWER, withinS: 15 },
    log: [down('mqtt', NO_ANSWER), again('mqtt')],
    after: ALL,
  },
  {
    ...{ sink: 'mqtt', condition: 'half-open' },
    how: 'forgets the connection, which stays open',
    problem: { part: 'mqtt', reason: `${MQTT}: ${STALL}`, withinS: 40 },
    log: [stalled('mqtt', MQTT), again('mqtt')],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'mqtt', condition: 'refuses one' },
    how: 'an access list denies one topic (MQTT 5; with 3.1.1 a broker cannot say so)',
    problem: {
      ...{ part: 'mqtt', withinS: 5 },
      reason: 'messages of TOPIC are refused: not authorized',
    },
    log: refused('mqtt', 'not authorized'),
    after: 'what was refused is missing, and counted; nothing else is',
  },
  {
    ...{ sink: 'mqtt', condition: 'refuses all' },
    how: 'an access list denies everything (MQTT 5; with 3.1.1 a broker cannot say so)',
    problem: {
      ...{ part: 'mqtt', withinS: 5 },
      reason: 'messages of TOPIC and of N other topics are refused: not authorized',
    },
    log: refused('mqtt', 'not authorized'),
    after: 'what was refused is missing, and counted',
  },
  {
    ...{ sink: 'mqtt', condition: 'cuts every second' },
    how: 'ends each connection a second after it accepted it',
    problem: {
      ...{ part: 'mqtt', withinS: 15 },
      reason: `the connection was lost N times: ${LOST_YOUNG}`,
    },
    log: [down('mqtt', LOST), again('mqtt')],
    maybe: [oftenLost('mqtt', LOST_YOUNG)],
    wellAfterS: 45,
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'mqtt', condition: 'slow' },
    how: 'acknowledges one message a second, of four that fall due',
    problem: { part: 'mqtt', reason: BEHIND, withinS: 120 },
    log: [behind('mqtt')],
    after: 'nothing is missing or repeated',
  },
  {
    ...{ sink: 'mqtt', condition: 'restarted' },
    how: 'ends, and starts again later',
    problem: { part: 'mqtt', reason: MQTT_REFUSED, withinS: 5 },
    log: [down('mqtt', LOST), other('mqtt', MQTT_REFUSED), again('mqtt')],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'mqtt', condition: 'wrong credentials' },
    how: 'knows another password',
    problem: { part: 'mqtt', reason: BAD_USER, withinS: 5 },
    log: [down('mqtt', BAD_USER), again('mqtt')],
    after: ALL,
  },
  {
    ...{ sink: 'mqtt', condition: 'wrong protocol version' },
    how: 'speaks another version of MQTT',
    problem: { part: 'mqtt', reason: BAD_VERSION, withinS: 5 },
    log: [down('mqtt', BAD_VERSION), again('mqtt')],
    after: ALL,
  },
  clockStepped('mqtt'),
  {
    ...{ sink: 'embedded', condition: 'silent' },
    how: 'a subscriber takes nothing for a while',
    log: [],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'embedded', condition: 'half-open' },
    how: 'the connection of a subscriber is forgotten on the way, and stays open',
    log: [],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'embedded', condition: 'refuses one' },
    why: 'a subscriber cannot refuse a message',
  },
  {
    ...{ sink: 'embedded', condition: 'refuses all' },
    why: 'a subscriber cannot refuse messages',
  },
  {
    ...{ sink: 'embedded', condition: 'cuts every second' },
    how: 'a subscriber loses its connection every second',
    log: [],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'embedded', condition: 'slow' },
    how: 'a subscriber takes a tenth of what falls due',
    log: [],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'embedded', condition: 'restarted' },
    how: 'a subscriber ends without a word and starts again later',
    log: [],
    after: MQTT_REPEATS,
  },
  {
    ...{ sink: 'embedded', condition: 'wrong credentials' },
    how: 'a client comes with a wrong password',
    log: [
      {
        message: 'the broker refused a client; further refusals are logged in a minute',
        reason: 'bad user name or password',
      },
    ],
    after: 'nothing is missing for the others',
  },
  {
    ...{ sink: 'embedded', condition: 'wrong protocol version' },
    how: 'a client speaks a version of MQTT that does not exist yet',
    log: [
      {
        message: 'the broker refused a client; further refusals are logged in a minute',
        reason: 'this version of MQTT is not supported; set the client to 3.1.1 or 5',
      },
    ],
    after: 'nothing is missing for the others',
  },
  clockStepped('embedded'),
  {
    ...{ sink: 'postgres', condition: 'silent' },
    how: 'accepts connections and never says a word',
    problem: { part: 'postgres', reason: TIMEOUT, withinS: 15 },
    log: [down('postgres', TIMEOUT), again('postgres')],
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'half-open' },
    how: 'forgets the connection, which stays open',
    problem: { part: 'postgres', reason: `${POSTGRES}: ${STALL}`, withinS: 40 },
    log: [stalled('postgres', POSTGRES), again('postgres')],
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'refuses one' },
    how: 'a `CHECK` of a table rejects the rows of one machine',
    problem: {
      ...{ part: 'postgres', withinS: 5 },
      reason: `messages of TOPIC are refused: ${CHECKED}`,
    },
    log: refused('postgres', CHECKED),
    after: 'what was refused is missing, and counted; nothing else is',
  },
  {
    ...{ sink: 'postgres', condition: 'refuses all' },
    how: 'the role loses the right to insert',
    problem: { part: 'postgres', reason: DENIED, withinS: 5 },
    log: [down('postgres', DENIED), again('postgres')],
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'cuts every second' },
    how: 'ends each connection a second after it accepted it',
    problem: {
      ...{ part: 'postgres', withinS: 15 },
      reason: `the connection was lost N times: ${ENDED}`,
    },
    log: [down('postgres', ENDED), again('postgres')],
    maybe: [other('postgres', ENDED), oftenLost('postgres', ENDED)],
    wellAfterS: 45,
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'slow' },
    how: 'takes 21 s for each table of a batch',
    problem: { part: 'postgres', reason: BEHIND, withinS: 120 },
    log: [behind('postgres')],
    wellAfterS: 30,
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'restarted' },
    how: 'ends, and starts again later',
    problem: { part: 'postgres', reason: GONE, withinS: 5 },
    log: [down('postgres', SHUT), other('postgres', GONE), again('postgres')],
    maybe: [
      other('postgres', `${POSTGRES}: no connection (the database system is shutting down)`),
      other('postgres', `${POSTGRES}: no connection (the database system is starting up)`),
      // Reset by a server that is shutting down, before it has answered.
      other('postgres', `${POSTGRES}: no connection`),
    ],
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'wrong credentials' },
    how: 'knows another password',
    problem: { part: 'postgres', reason: PASSWORD, withinS: 5 },
    log: [down('postgres', PASSWORD), again('postgres')],
    after: ALL,
  },
  {
    ...{ sink: 'postgres', condition: 'wrong protocol version' },
    how: 'another program has the port (PostgreSQL itself has one protocol since 2003)',
    problem: { part: 'postgres', reason: NOT_THERE, withinS: 5 },
    log: [down('postgres', NOT_THERE), again('postgres')],
    after: ALL,
  },
  clockStepped('postgres'),
];

/** The table of a sink, as in `docs/guides/reliability.md`. */
export function matrixTable(sink: SinkName): string {
  const head = ['the peer', '`/health` says', 'within', 'the log says', 'afterwards'];
  const rows = MATRIX.filter((cell) => cell.sink === sink).map((cell) => {
    const { condition } = cell;
    if ('why' in cell) return [`**${condition}**`, `does not apply: ${cell.why}`, '', '', ''];
    const { how, problem, log, maybe = [], after } = cell;
    const part = sink === 'embedded' ? 'mqtt' : sink;
    const other = problem && problem.part !== part ? `\`${problem.part}\`: ` : '';
    const lines = log.map((line) => lineText(line, problem?.reason));
    const others = maybe.map((line) => lineText(line, problem?.reason));
    if (others.length > 0) lines.push(`in between perhaps ${others.join(' or ')}`);
    return [
      `**${condition}**: ${how}`,
      problem ? `${other}\`${problem.reason}\`` : 'nothing: it stays healthy',
      problem ? `${problem.withinS} s` : '',
      lines.join('<br>') || 'nothing',
      after,
    ];
  });
  return [head, head.map(() => '---'), ...rows]
    .map((texts) => `| ${texts.join(' | ')} |\n`)
    .join('');
}

/** A line with its reason, unless health reports the same or the line contains it. */
function lineText({ message, reason }: Line, known: string | undefined): string {
  const isNew = reason !== undefined && reason !== known && !message.includes(reason);
  return isNew ? `\`${message}\` (\`${reason}\`)` : `\`${message}\``;
}

import { type Batch, READING, SEPARATE } from '../core/batch.ts';
import type { Machine } from '../core/factory.ts';
import { type Channel, type Field, OFFLINE, OPERATING_MODES } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { Memo, viewMemo } from '../runtime/memo.ts';
import { CARRIERS } from './carrier.ts';
import {
  ColumnWriter,
  checkedWithin,
  constantWithin,
  HEAD_BYTES_MAX,
  ID_BYTES_MAX,
  missing,
  type NullAndTextFormat,
} from './columns.ts';
import { NUMBER_BYTES_MAX, writeDecimal } from './decimal.ts';
import { Utf8Constant } from './texts.ts';
import { TimeWriter } from './time.ts';

/** How JSON writes missing values and texts. */
export const JSON_VALUES: NullAndTextFormat = {
  none: 'null',
  text: (text) => JSON.stringify(text),
};

/** Fields that the interface promises never to be null; so are all counts. */
const REQUIRED = new Set(['power_kw', 'energy_kwh']);

const TIME = new Utf8Constant('{"time":"');
const TIMESTAMP = new Utf8Constant('{"timestamp":"');
const THEN_TIME = new Utf8Constant('","time":"');
const THEN_TIMESTAMP = new Utf8Constant('","timestamp":"');
const ALERTS = new Utf8Constant(',"alerts":[');
const COMMA = new Utf8Constant(',');
const END = new Utf8Constant(']}');

/** The running state and the mode of a status. */
const STATE_BYTES_MAX = 128;

/** The beginnings of a status message up to the power, by operating mode. */
const STATES = OPERATING_MODES.map(
  (mode, code) =>
    new Utf8Constant(
      `,"is_running":${code !== OFFLINE},"operating_mode":"${mode}","current_power_kw":`,
    ),
);

/** Everything that is constant in the messages of a machine type. */
interface TypeMessages {
  readonly channels: readonly ChannelMessage[];
  /** Two per alert: as a warning and as critical. */
  readonly alerts: readonly Utf8Constant[];
}

interface ChannelMessage {
  /** Channels named for a carrier contain the time twice, for older clients. */
  readonly isCarrier: boolean;
  readonly columns: ColumnWriter;
}

/**
 * Writes the MQTT payloads of a batch's rows: the bytes that `JSON.stringify` would produce.
 *
 * Everything that repeats is encoded in advance, so that a message costs copies of these bytes and
 * the digits of its numbers (bench/encoding). Each call needs `MESSAGE_BYTES_MAX` bytes from `at`
 * on (columns.ts); pass the same array as before while it has space.
 */
export class JsonEncoder {
  readonly #views = viewMemo();
  readonly #ids = new Memo(idText);
  readonly #messages = new Memo(typeMessages);
  readonly #time = new TimeWriter();

  /**
   * Writes the payload of one channel of a reading from `at` on, under the time that it tells.
   *
   * @param channelIndex - Position in the machine type's `channels`.
   * @returns The index after the last byte.
   * @throws RangeError if the array is too short; Error for a required value that is missing.
   */
  message(batch: Batch, row: number, channelIndex: number, bytes: Uint8Array, at: number): number {
    const view = this.#views.of(bytes);
    const machine = batch.machines[row] as Machine;
    const timeMs = batch.toldMs[row] as number;
    const { channels } = this.#messages.of(machine.type);
    const { isCarrier, columns } = channels[channelIndex] as ChannelMessage;
    if (isCarrier) {
      at = TIMESTAMP.write(view, at);
      at = this.#time.write(view, at, timeMs, machine.intervalMs);
      at = THEN_TIME.write(view, at);
    } else at = TIME.write(view, at);
    at = this.#time.write(view, at, timeMs, machine.intervalMs);
    at = this.#ids.of(machine).write(view, at);
    return columns.write(view, at, batch, row);
  }

  /**
   * Writes the status payload of a row from `at` on. A row without a reading, unless it is
   * separate from one, is a machine that was just started or stopped and draws no power yet or no
   * more.
   *
   * @returns The index after the last byte.
   * @throws RangeError if the array is too short.
   */
  status(batch: Batch, row: number, bytes: Uint8Array, at: number): number {
    const view = this.#views.of(bytes);
    const machine = batch.machines[row] as Machine;
    const { electricityColumn, modeColumn } = machine.type;
    const timeMs = batch.timesMs[row] as number;
    at = TIME.write(view, at);
    at = this.#time.write(view, at, timeMs, machine.intervalMs);
    at = THEN_TIMESTAMP.write(view, at);
    at = this.#time.write(view, at, timeMs, machine.intervalMs);
    at = this.#ids.of(machine).write(view, at);

    const from = row * ROW_WIDTH;
    const mode = batch.values[from + modeColumn] as number;
    const isPowered =
      mode !== OFFLINE && ((batch.flags[row] as number) & (READING | SEPARATE)) !== 0;
    const powerKw =
      isPowered && electricityColumn >= 0 ? (batch.values[from + electricityColumn] as number) : 0;
    const state = STATES[mode];
    if (!state) throw missing(batch, row, modeColumn);
    if (!Number.isFinite(powerKw)) throw missing(batch, row, electricityColumn);
    at = state.write(view, at);
    at = writeDecimal(view, at, powerKw, POWER_DECIMALS);
    at = ALERTS.write(view, at);
    at = this.#writeAlerts(machine.type, batch.alerts[row] as number, view, at);
    return END.write(view, at);
  }

  #writeAlerts(type: MachineType, levels: number, view: DataView, at: number): number {
    if (levels === 0) return at;
    const { alerts } = this.#messages.of(type);
    let isFirst = true;
    for (let i = 0; 2 * i < alerts.length; i++) {
      const level = (levels >>> (2 * i)) & 3;
      if (level === 0) continue;
      if (!isFirst) at = COMMA.write(view, at);
      isFirst = false;
      at = (alerts[2 * i + level - 1] as Utf8Constant).write(view, at);
    }
    return at;
  }
}

/** Digits of `power_kw`, see ELECTRICITY. */
const POWER_DECIMALS = 3;
const ALERT_LEVELS = ['warning', 'critical'] as const;

/** The id of a machine between its time and its values: `","machine_id":"…"`. */
function idText({ id }: Machine): Utf8Constant {
  return constantWithin(`","machine_id":${JSON.stringify(id)}`, ID_BYTES_MAX);
}

/** The text before the value of a key: `"power_kw":`. */
export function jsonKey(name: string): string {
  return `${JSON.stringify(name)}:`;
}

function typeMessages(type: MachineType): TypeMessages {
  const channels = type.channels.map(channelMessage);
  const alerts = type.alertList.flatMap(({ message }, i) =>
    ALERT_LEVELS.map(
      (level) => new Utf8Constant(JSON.stringify({ code: type.alertCodes[i], level, message })),
    ),
  );
  const statusBytes = alerts.reduce(
    (sum, { length }) => sum + length + COMMA.length,
    STATE_BYTES_MAX + NUMBER_BYTES_MAX,
  );
  const channelBytes = channels.map(({ columns }) => columns.bytesMax);
  checkedWithin(type.type, HEAD_BYTES_MAX + Math.max(statusBytes, ...channelBytes));
  return { channels, alerts };
}

function channelMessage({ name, fields }: Channel): ChannelMessage {
  const columns = fields.map((field) => ({
    field,
    lead: `,${jsonKey(field.name)}`,
    isRequired: isRequired(field),
  }));
  const isCarrier = CARRIERS.some(({ channel }) => channel === name);
  return { isCarrier, columns: new ColumnWriter(columns, '}', JSON_VALUES) };
}

function isRequired({ name, kind }: Field): boolean {
  return kind === 'count' || REQUIRED.has(name);
}

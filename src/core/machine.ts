import type { Onset } from './anomaly.ts';
import type { Channel, Field, FieldSpec } from './field.ts';
import { ELECTRICITY, PRODUCTION, REGISTER, unitOf, wireName } from './field.ts';
import type { Random } from './random.ts';
import { completion } from './record.ts';
import { compileRowWriter, type RowWriter, SITE_FIELDS } from './row.ts';
import type { NetworkName, Site } from './site.ts';

/** A record of numbers: a state, or parameters. */
export type Values<Key extends string> = Record<Key, number>;

/** Another parameter of the type that this one must stay below, or must not exceed. */
interface Order {
  readonly below?: string;
  readonly upTo?: string;
}

/** A parameter of a machine type: its default, its limits and its meaning. */
export interface Parameter extends Order {
  readonly value: number;
  readonly range: readonly [min: number, max: number];
  readonly about: string;
  /** Names to choose from: the value is the index of a name in this list. */
  readonly choices?: readonly string[];
  /** Whether only whole numbers are accepted. */
  readonly isWhole?: boolean;
}

/** Defines a parameter by its default, its limits and a sentence about its meaning. */
export function parameter(
  value: number,
  range: Parameter['range'],
  about: string,
  order: Order = {},
): Parameter {
  return { value, range, about, ...order };
}

/** Defines a parameter that is one of several names; the first is the default. */
export function choice(choices: readonly string[], about: string): Parameter {
  return { value: 0, range: [0, choices.length - 1], about, choices };
}

/** The common parameter that sets how often a machine is serviced. */
export function maintainedEvery(weeks: number): Parameter {
  const about = 'Weeks between two planned maintenances; 0: none.';
  return { value: weeks, range: [0, 520], about, isWhole: true };
}

/** The value of a parameter as users see it: a number, or the name it represents. */
export function parameterContent({ choices }: Parameter, value: number): string | number {
  return choices?.[value] ?? value;
}

/** A fault of a machine: it changes parameters, and the physics does the rest. */
export interface Fault<P extends string = string> {
  readonly onset: Onset;
  /** What happens in the machine, in one sentence. */
  readonly about: string;
  /** Keys of the published fields that change noticeably, strongest effect first. */
  readonly signals: readonly string[];
  /** Changes parameters for an intensity of 0 (no effect) to 1 (severity 5, fully grown). */
  apply(parameters: Values<P>, intensity: number): void;
}

/**
 * An alert of a machine's own controller, raised by thresholds on a signal that it can see. It
 * warns above the thresholds, or below them if the critical threshold is the lower one.
 */
export interface Alert<S extends string = string, P extends string = string> {
  readonly message: string;
  /** The signal that the controller evaluates, in words and with its unit. */
  readonly signal: string;
  /** Thresholds of the warning and the critical alert. */
  readonly limits: readonly [warning: number, critical: number];
  /** How far the signal must return past a threshold before the alert ends. */
  readonly band: number;
  /** The signal, from the state as just reported; NaN: not evaluated, so nothing changes. */
  value(state: Readonly<Values<S>>, parameters: Readonly<Values<P>>): number;
}

/** How a machine type supplies a network of its factory. */
export interface Supply<P extends string = string> {
  readonly network: NetworkName;
  /** The most that a healthy machine delivers, in the unit of the network. */
  capacity(parameters: Readonly<Values<P>>): number;
  /**
   * What a machine delivers when asked for a share of its capacity; exactly that share by default.
   */
  deliveredShare?(parameters: Readonly<Values<P>>, requestedShare: number): number;
  /** Values for the parameters of its own demand, which the demand of the network replaces. */
  readonly instead: Readonly<Record<string, number>>;
}

/** What a healthy machine draws from a network at an activity of `activityShare`. */
export type Use<P extends string = string> = (
  parameters: Readonly<Values<P>>,
  activityShare: number,
) => number;

/** What an energy manager reads about a machine type; for documents, not models. */
export interface Profile {
  /** What it does in each operating mode, and its start-up sequence. */
  readonly states: readonly string[];
  /** What drives its energy use and normalises an EnPI (ISO 50006 relevant variables). */
  readonly relevantVariables: readonly string[];
  /** What changes its energy use only when someone changes it (ISO 50006 static factors). */
  readonly staticFactors: readonly string[];
  /** What else wears over time, and by how much. */
  readonly wear: string;
  readonly sources: readonly string[];
  /** Keys of the fields that best show how it works, for a plot of one hour. */
  readonly plot: readonly string[];
}

/**
 * Parameters that every machine type has. A type gives its own default and range for the first,
 * and for `maintenanceWeeks` if it is serviced.
 */
type CommonParameter =
  | ('ratedPowerKw' | 'meterNoiseShare' | 'sensorNoiseFactor')
  | ('maintenanceWeeks' | 'maintenanceHours' | 'wearShare' | 'installedYear');

/**
 * The current or next planned maintenance, stored among the parameters: the only part of them that
 * changes with time. Both are whole minutes, or infinite if none is planned.
 */
type Planned = 'maintenanceFromS' | 'maintenanceUntilS';

/** The parameters in effect at an instant, with the constants derived from them. */
type InEffect<P extends string, D extends string> = Readonly<
  Values<P | D | CommonParameter | Planned>
>;

/** What a machine type reports: for each channel its fields, by key. */
type Channels = Readonly<Record<string, Readonly<Record<string, FieldSpec>>>>;

/** The state of a machine: the result of `start`, the reported fields and the sums. */
type State<S extends string, C extends Channels, A extends string> = Values<S | ReportedKey<C> | A>;

/** Keys of the fields that a model reports; the others come from the site or the meter. */
type ReportedKey<C extends Channels> =
  | Exclude<
      { [Name in keyof C]: keyof C[Name] }[keyof C],
      keyof typeof ELECTRICITY | (typeof SITE_FIELDS)[number] | number | symbol
    >
  | ('powerKw' | 'operatingMode');

/**
 * The definition of a machine type: everything that a page of `machines/` says.
 *
 * A machine's life is a sequence of *segments*. At the start of each segment, `begin` reads all
 * external influences (load, weather, chance, parameters) and fixes them; until its end everything
 * follows in closed form. So only `begin` advances the state, independently of the intervals that
 * are read. `accumulate` and `report` only observe it: the former sums over any part of a segment,
 * the latter fills in the published fields.
 */
export interface Model<
  P extends string,
  D extends string,
  S extends string,
  C extends Channels = Channels,
  A extends string = string,
> {
  /** Name on the wire and in the registry: `injection_molding`. */
  readonly type: string;
  /** A title for people, in one line. */
  readonly title: string;
  /** The plural, for the description of the interval variable: `HVAC units`. */
  readonly plural: string;
  /** Default time between two readings [s]. */
  readonly intervalS: number;
  /** Common rated powers [kW]; a machine outside this range runs, with a warning. */
  readonly typicalRatedPowerKw: readonly [min: number, max: number];
  readonly parameters: Readonly<Record<P, Parameter>>;

  /** Constants derived from the parameters; computed when those change, not per reading. */
  derived(parameters: Readonly<Values<P | CommonParameter>>): Values<D>;

  /** What it reports: for each channel its fields, in the order of the wire. */
  readonly channels: C;

  /**
   * Sums over an interval; the engine resets them to 0 after each reading. A sum whose key is a
   * field's is published as it is.
   */
  readonly sums: readonly A[];

  /**
   * An anchor: the latest instant not after `tS` from which {@link Model.start} and `begin` lead
   * to the one state that every history reaches at `tS`, bit for bit.
   *
   * @param attempt - How many anchors before this one left the state unsettled.
   */
  anchorS(parameters: InEffect<P, D>, site: Site, tS: number, attempt: number): number;

  /**
   * The state of a machine that is switched on at `tS`. The engine adds the sums and the reported
   * fields, as 0 unless they are given here.
   */
  start(parameters: InEffect<P, D>, site: Site, random: Random, tS: number): Values<S>;

  /**
   * Carries over what is left of the state before the stop: changes, in place, a state that was
   * just started at `tS`. Without this function the machine starts cold.
   *
   * @param before - Its state in the segment that contained `stoppedS`, the instant it was
   *   stopped.
   */
  resume?(
    state: State<S, C, A>,
    parameters: InEffect<P, D>,
    site: Site,
    random: Random,
    before: Readonly<State<S, C, A>>,
    stoppedS: number,
    tS: number,
  ): void;

  /**
   * Applies wear to parameters: what builds up between two maintenances, and what ageing causes
   * that no maintenance reverses. Both arguments are 0 if the parameter `wearShare` is, as in a
   * baseline.
   *
   * @param wornShare - 0 after a maintenance, 1 before the next.
   * @param years - Since the machine was installed.
   */
  wear?(parameters: Values<P | CommonParameter>, wornShare: number, years: number): void;

  /**
   * Ends the previous segment and begins the one at `tS`, in place.
   *
   * @returns The end of the segment, later than `tS` by at most a minute.
   */
  begin(
    state: State<S, C, A>,
    parameters: InEffect<P, D>,
    site: Site,
    random: Random,
    tS: number,
  ): number;

  /** Adds what happens from `fromS` to `toS`, within the segment, to the sums of the interval. */
  accumulate(state: State<S, C, A>, parameters: InEffect<P, D>, fromS: number, toS: number): void;

  /**
   * Fills in the published fields for the interval of `intervalS` that ends at `tS`, without
   * sensor noise. `powerKw` is the true mean power.
   */
  report(
    state: State<S, C, A>,
    parameters: InEffect<P, D>,
    site: Site,
    random: Random,
    tS: number,
    intervalS: number,
  ): void;

  /** Power factor at the metered mean power of the interval just reported. */
  powerFactor(state: Readonly<State<S, C, A>>, parameters: InEffect<P, D>, powerKw: number): number;

  /**
   * Mean share by which starting its motor lowers the voltage at its terminals during the interval
   * just reported; 0 by default.
   */
  voltageDipShare?(state: Readonly<State<S, C, A>>): number;

  /** Whether the state no longer depends on where it started; always true by default. */
  isSettled?(state: Readonly<State<S, C, A>>): boolean;

  /**
   * Fuel that it burns in addition to electricity: the field of the amount, and the field of the
   * energy in each unit of it [kWh].
   */
  readonly fuel?: { readonly amount: string; readonly unitKwh: string };

  /** What documents say about it besides its tables. */
  readonly profile?: Profile;
  /**
   * Whether it meters all other machines of its factory. Before each report the engine adds their
   * active and reactive energy to `machinesKws` and `machinesKvars` in its state.
   */
  readonly isMainMeter?: boolean;

  readonly supply?: Supply<NoInfer<P | D | CommonParameter>>;

  /** What it draws from networks at an activity of 0 to 1, in the unit of each network. */
  readonly uses?: Readonly<Partial<Record<NetworkName, Use<NoInfer<P | D | CommonParameter>>>>>;

  /**
   * The activity that its plan requires, 0 to 1: a function of time that no fault affects. Only
   * machines with an activity draw from networks.
   */
  activityShare?(
    parameters: Readonly<Values<P | D | CommonParameter>>,
    site: Site,
    random: Random,
    tS: number,
  ): number;

  readonly faults: Readonly<Record<string, Fault<NoInfer<P>>>>;
  readonly alerts: Readonly<
    Record<
      string,
      Alert<NoInfer<S | ReportedKey<C> | A>, NoInfer<P | D | CommonParameter | Planned>>
    >
  >;
}

/** A machine type, as the engine and everything derived from its tables see it. */
export interface MachineType extends Omit<Model<string, string, string>, 'channels'> {
  readonly channels: readonly Channel[];
  /** The fields of all channels, in the order of a reading's row. */
  readonly fields: readonly Field[];
  readonly faultTypes: readonly string[];
  readonly alertCodes: readonly string[];
  /** The faults and alerts themselves, in the order of their names. */
  readonly faultList: readonly Fault[];
  readonly alertList: readonly Alert[];
  /** First column of the six electrical fields; −1 if the type has none. */
  readonly electricityColumn: number;
  /** Column of the units made in the interval; −1 if the type has none. */
  readonly productionColumn: number;
  /**
   * Column of the mode. If no channel reports it, an extra column after all fields, for the
   * status.
   */
  readonly modeColumn: number;
  /**
   * Column of the energy register, whatever channel has it; −1 if the type has none. The row
   * writer leaves it alone: its value depends on all readings before.
   */
  readonly registerColumn: number;
  readonly writeRow: RowWriter;
  /** Energy used in the interval of the row at `at`, of all carriers: electricity and fuel. */
  energyTakenKwh(values: Float64Array, at: number): number;
}

/** The earlier of `endS` and the next start or end of a maintenance. */
export function untilMaintenanceS(p: Readonly<Values<Planned>>, tS: number, endS: number): number {
  return Math.min(endS, tS >= p.maintenanceFromS ? p.maintenanceUntilS : p.maintenanceFromS);
}

/**
 * The effect of age, `perYear` times the years; limited, since a machine in use is kept within 8
 * %.
 */
export function agedShare(perYear: number, years: number): number {
  return Math.min(AGED_MAX_SHARE, perYear * years);
}

const AGED_MAX_SHARE = 0.08;

/** Columns of a reading's row; every machine type fits. */
export const ROW_WIDTH = 32;
/** Most alerts of a type: each takes two of the 32 bits of a reading. */
const ALERTS_MAX = 15;
/** Most faults of a type: each takes one bit of a reading's label. */
const FAULTS_MAX = 31;

/** Checks the tables of a model and derives from them what the engine needs. */
export function defineMachine<
  P extends string,
  D extends string,
  S extends string,
  const C extends Channels,
  const A extends string,
>(model: Model<P, D, S, C, A>): MachineType {
  const { start } = model as unknown as Model<string, string, string>;
  const parameters = { ...COMMON_PARAMETERS, ...model.parameters } as Record<string, Parameter>;
  const channels: Channel[] = [];
  let column = 0;
  for (const [name, table] of Object.entries(model.channels)) {
    const fields = Object.entries(table).map(([key, spec]) => ({
      ...spec,
      key,
      name: wireName(spec.as ?? key),
      unit: unitOf(key),
      column: column++,
    }));
    channels.push({ name, fields });
  }
  const fields = channels.flatMap((channel) => channel.fields);
  const columnOf = (key: string | undefined) => fields.find((f) => f.key === key)?.column ?? -1;
  const alertCodes = Object.keys(model.alerts);
  const faultTypes = Object.keys(model.faults);
  const mode = fields.find(({ kind }) => kind === 'mode') ?? hiddenMode(column);
  if (
    mode.column >= ROW_WIDTH ||
    fields.length > ROW_WIDTH ||
    alertCodes.length > ALERTS_MAX ||
    faultTypes.length > FAULTS_MAX
  )
    throw new RangeError(`${model.type}: too many fields, alerts or faults`);
  const notReported = new Set<string>([...Object.keys(ELECTRICITY), ...SITE_FIELDS]);
  const reported = fields.map(({ key }) => key).filter((key) => !notReported.has(key));
  const complete = completion([...new Set([...model.sums, 'powerKw', mode.key, ...reported])]);
  return {
    ...(model as unknown as Model<string, string, string>),
    start: (parameters, site, random, tS) => complete(start(parameters, site, random, tS)),
    parameters,
    channels,
    fields,
    faultTypes,
    alertCodes,
    faultList: Object.values<Fault>(model.faults as Record<string, Fault>),
    alertList: Object.values<Alert>(model.alerts as Record<string, Alert>),
    electricityColumn: columnOf('powerKw'),
    productionColumn: columnOf('productionCount'),
    modeColumn: mode.column,
    registerColumn: -1,
    writeRow: compileRowWriter(fields.includes(mode) ? fields : [...fields, mode], model.sums),
    energyTakenKwh: energySum(
      columnOf('energyKwh'),
      columnOf(model.fuel?.amount),
      columnOf(model.fuel?.unitKwh),
    ),
  };
}

/** Variants with an energy register, by type. */
const withRegisters = new WeakMap<MachineType, MachineType>();

/**
 * The same machine type with an energy register: the last field of the channel that has its
 * `energy_kwh`. All other fields keep their columns. Always the same object for a type.
 *
 * @throws RangeError for a type that reports no energy, or has no column left.
 */
export function withRegister(type: MachineType): MachineType {
  let variant = withRegisters.get(type);
  if (!variant) {
    variant = registered(type);
    withRegisters.set(type, variant);
  }
  return variant;
}

function registered(type: MachineType): MachineType {
  const { fields, modeColumn } = type;
  if (!hasEnergy(type)) throw new RangeError(`${type.type} has no energy_kwh to count`);
  const column = fields.length;
  const register: Field = {
    ...REGISTER.energyTotalKwh,
    key: 'energyTotalKwh',
    name: wireName('energyTotalKwh'),
    unit: unitOf('energyTotalKwh'),
    column,
  };
  const hidden = modeColumn < column ? undefined : hiddenMode(column + 1);
  if ((hidden?.column ?? column) >= ROW_WIDTH)
    throw new RangeError(`${type.type}: too many fields for an energy register`);
  return {
    ...type,
    channels: type.channels.map((channel) =>
      channel.fields.some(isEnergy)
        ? { ...channel, fields: [...channel.fields, register] }
        : channel,
    ),
    fields: [...fields, register],
    registerColumn: column,
    ...(hidden && {
      modeColumn: hidden.column,
      writeRow: compileRowWriter([...fields, hidden], type.sums),
    }),
  };
}

/**
 * The energy of the row at `at`, of all carriers, in whole milliwatt-hours: what registers count,
 * and the unit in which sums of energy are exact.
 */
export function takenMilliwattHours(
  { energyTakenKwh }: Pick<MachineType, 'energyTakenKwh'>,
  values: Float64Array,
  at: number,
): number {
  return Math.floor(1e6 * energyTakenKwh(values, at) + 0.5);
}

/** Whether a machine type reports electrical energy, which an energy register counts. */
export function hasEnergy({ fields }: MachineType): boolean {
  return fields.some(isEnergy);
}

function isEnergy({ key }: Field): boolean {
  return key === 'energyKwh';
}

/** The mode field of a type whose channels do not report the mode. */
function hiddenMode(column: number): Field {
  return { ...PRODUCTION.operatingMode, key: 'operatingMode', name: '', unit: '', column };
}

/** The columns that add up to the energy of a row; −1 for a column that the type lacks. */
function energySum(
  electricity: number,
  fuel: number,
  unitKwh: number,
): MachineType['energyTakenKwh'] {
  return (values, at) => {
    const electricKwh = electricity < 0 ? 0 : (values[at + electricity] as number);
    if (fuel < 0 || unitKwh < 0) return electricKwh;
    return electricKwh + (values[at + fuel] as number) * (values[at + unitKwh] as number);
  };
}

const COMMON_PARAMETERS: Readonly<Record<Exclude<CommonParameter, 'ratedPowerKw'>, Parameter>> = {
  meterNoiseShare: parameter(0.03, [0, 0.1], 'Largest error of the power meter, as a share.'),
  sensorNoiseFactor: parameter(1, [0, 3], 'Errors of all other sensors, relative to normal.'),
  maintenanceWeeks: maintainedEvery(0),
  maintenanceHours: parameter(
    2,
    [0.5, 24],
    'Length of a maintenance, which begins on Sunday at 08:00.',
  ),
  wearShare: parameter(1, [0, 1], 'Wear and ageing, relative to normal; 0: always as good as new.'),
  installedYear: parameter(2026, [1900, 2200], 'Year of installation: 2019.5 is mid-2019.'),
};

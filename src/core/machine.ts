import type { Onset } from './anomaly.ts';
import type { Channel, Field, FieldSpec } from './field.ts';
import { ELECTRICITY, PRODUCTION, unitOf, wireName } from './field.ts';
import type { Random } from './random.ts';
import { completion } from './record.ts';
import { compileRowWriter, type RowWriter, SITE_FIELDS } from './row.ts';
import type { NetworkName, Site } from './site.ts';

/** A record of numbers: a state, or parameters. */
export type Values<Key extends string> = Record<Key, number>;

/** Another parameter of the type that one must stay below, or may reach and not exceed. */
interface Order {
  readonly below?: string;
  readonly upTo?: string;
}

/** A parameter of a machine type: its default, its limits and what it means. */
export interface Parameter extends Order {
  readonly value: number;
  readonly range: readonly [min: number, max: number];
  readonly about: string;
  /** Names to choose from: the value is the place of one of them in the list. */
  readonly choices?: readonly string[];
  /** Whether only whole numbers are accepted. */
  readonly isWhole?: boolean;
}

/** A parameter, from its default, its limits and a sentence on what it means. */
export function parameter(
  value: number,
  range: Parameter['range'],
  about: string,
  order: Order = {},
): Parameter {
  return { value, range, about, ...order };
}

/** A parameter that is one of some names; the first of them is the default. */
export function choice(choices: readonly string[], about: string): Parameter {
  return { value: 0, range: [0, choices.length - 1], about, choices };
}

/** The common parameter that says how often a type is serviced. */
export function maintainedEvery(weeks: number): Parameter {
  const about = 'Weeks from one planned maintenance to the next; 0: never.';
  return { value: weeks, range: [0, 520], about, isWhole: true };
}

/** A parameter’s value as users see it: a number, or the name that it stands for. */
export function parameterContent({ choices }: Parameter, value: number): string | number {
  return choices?.[value] ?? value;
}

/** A fault of a machine: it changes the machine's parameters, and the physics does the rest. */
export interface Fault<P extends string = string> {
  readonly onset: Onset;
  /** What happens in the machine, in a sentence. */
  readonly about: string;
  /** Keys of the published fields that it moves noticeably, the strongest first. */
  readonly signals: readonly string[];
  /** Changes parameters for an intensity of 0 (nothing) to 1 (severity 5, fully grown). */
  apply(parameters: Values<P>, intensity: number): void;
}

/**
 * What a machine's own controller warns of, by thresholds on a signal it can see. It warns of what
 * is above them, or, where the critical one is the lower, of what is below.
 */
export interface Alert<S extends string = string, P extends string = string> {
  readonly message: string;
  /** What the controller looks at, in words and with its unit. */
  readonly signal: string;
  /** Thresholds of a warning and of a critical alert. */
  readonly limits: readonly [warning: number, critical: number];
  /** How far the signal must come back from a threshold before the alert ends. */
  readonly band: number;
  /** The signal, for the state as it was just reported; NaN: not looked at, so nothing changes. */
  value(state: Readonly<Values<S>>, parameters: Readonly<Values<P>>): number;
}

/** How a machine type feeds a network of its factory. */
export interface Supply<P extends string = string> {
  readonly network: NetworkName;
  /** The most that a healthy machine gives, in the unit of the network. */
  capacity(parameters: Readonly<Values<P>>): number;
  /** What a machine gives that is asked for a share of its capacity; just that, if not given. */
  given?(parameters: Readonly<Values<P>>, askedShare: number): number;
  /** Values of the parameters of its own demand, of which the network takes the place. */
  readonly instead: Readonly<Record<string, number>>;
}

/** What a healthy machine takes from a network while it is as active as `activityShare` says. */
export type Use<P extends string = string> = (
  parameters: Readonly<Values<P>>,
  activityShare: number,
) => number;

/** What a person who manages a machine's energy reads of its type: documents, not models. */
export interface Profile {
  /** What it does in each operating mode, and in what order it starts. */
  readonly states: readonly string[];
  /** What its energy goes with, and by what an EnPI is normalised (ISO 50006). */
  readonly relevantVariables: readonly string[];
  /** What changes its energy when somebody changes it, and otherwise stays (ISO 50006). */
  readonly staticFactors: readonly string[];
  /** What else wears with time, and by how much. */
  readonly wear: string;
  readonly sources: readonly string[];
  /** Keys of the fields that show best how it works, for a plot of an hour. */
  readonly plot: readonly string[];
}

/**
 * Parameters that every machine type has; a type gives its own default and range of the first,
 * and one of `maintenanceWeeks` if it is to be serviced.
 */
type CommonParameter =
  | ('ratedPowerKw' | 'meterNoiseShare' | 'sensorNoiseFactor')
  | ('maintenanceWeeks' | 'maintenanceHours' | 'wearShare' | 'installedYear');

/**
 * The planned maintenance that an instant lies in or that comes next, among the parameters: they
 * are the one thing there that goes with time. Both are whole minutes, and infinite for none.
 */
type Planned = 'maintenanceFromS' | 'maintenanceUntilS';

/** The parameters in effect at an instant, with the constants that follow from them. */
type InEffect<P extends string, D extends string> = Readonly<
  Values<P | D | CommonParameter | Planned>
>;

/** What a machine type reports: for each channel its fields, by their keys. */
type Channels = Readonly<Record<string, Readonly<Record<string, FieldSpec>>>>;

/** The state of a machine: what its `start` gives, what it reports, and its sums. */
type State<S extends string, C extends Channels, A extends string> = Values<S | ReportedKey<C> | A>;

/** Keys of the fields that a model reports; the others are the site's or the meter's. */
type ReportedKey<C extends Channels> =
  | Exclude<
      { [Name in keyof C]: keyof C[Name] }[keyof C],
      keyof typeof ELECTRICITY | (typeof SITE_FIELDS)[number] | number | symbol
    >
  | ('powerKw' | 'operatingMode');

/**
 * The description of a machine type: everything that a page of `machines/` says.
 *
 * A machine's life is a sequence of *segments*. At the start of one, `begin` reads what acts from
 * outside (load, weather, chance, parameters) and fixes it; until its end everything follows in
 * closed form. So `begin` alone moves the state from segment to segment, the same whatever
 * intervals are read, and `accumulate` and `report` only look: the first sums over any part of a
 * segment, the second fills in the published fields.
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
  /** One line for people. */
  readonly title: string;
  /** Several of them, as the variable of their interval names them: `HVAC units`. */
  readonly plural: string;
  /** Time between two readings, unless the registry says otherwise [s]. */
  readonly intervalS: number;
  /** Rated powers that are common; outside them the machine runs with a remark [kW]. */
  readonly typicalRatedPowerKw: readonly [min: number, max: number];
  readonly parameters: Readonly<Record<P, Parameter>>;

  /** Constants that follow from the parameters, computed when those change, not per reading. */
  derived(parameters: Readonly<Values<P | CommonParameter>>): Values<D>;

  /** What it reports: for each channel its fields, in the order of the wire. */
  readonly channels: C;

  /** Sums of what happens in an interval: the engine sets them to 0 after each reading. */
  readonly sums: readonly A[];

  /**
   * The latest instant not after `tS` from which {@link Model.start} and `begin` lead to the one
   * state that every history leads to at `tS`, to the bit: an anchor.
   *
   * @param attempt - How many anchors before this one left the state unsettled.
   */
  anchorS(parameters: InEffect<P, D>, site: Site, tS: number, attempt: number): number;

  /**
   * The state of a machine that is switched on at `tS`. The engine adds the sums and the reported
   * fields, all 0 but for those that are given here.
   */
  start(parameters: InEffect<P, D>, site: Site, random: Random, tS: number): Values<S>;

  /**
   * What is left of how it was when it was switched off, in place: changes a state that was just
   * started at `tS`. It starts cold where this is not given.
   *
   * @param before - Its state in the segment that held `stoppedS`, the instant it was stopped.
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
   * Changes parameters for what wears between two maintenances, and for what age does that no
   * maintenance undoes. Both are 0 where the parameter `wearShare` is, as in a baseline.
   *
   * @param wornShare - 0 after a maintenance, 1 before the next.
   * @param years - Since the machine was installed.
   */
  wear?(parameters: Values<P | CommonParameter>, wornShare: number, years: number): void;

  /**
   * Ends the segment before and begins the one at `tS`, in place.
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

  /** Adds what happens from `fromS` to `toS`, inside the segment, to the sums of the interval. */
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
   * By how much the start of its motor lowers the voltage at its terminals, as a mean share over
   * the interval just reported; none, if not given.
   */
  voltageDipShare?(state: Readonly<State<S, C, A>>): number;

  /** Whether the state has become independent of where it started; always, if not given. */
  isSettled?(state: Readonly<State<S, C, A>>): boolean;

  /**
   * What it burns beside its electricity: the field of the amount, and that of the energy in each
   * unit of it [kWh].
   */
  readonly fuel?: { readonly amount: string; readonly unitKwh: string };

  /** What documents say of it beside its tables. */
  readonly profile?: Profile;
  /**
   * Whether it meters all other machines of its factory: the engine adds what they took, and its
   * reactive part, to `machinesKws` and `machinesKvars` of the state before each report.
   */
  readonly isMainMeter?: boolean;

  readonly supply?: Supply<NoInfer<P | D | CommonParameter>>;

  /** What it takes from networks at an activity of 0 to 1, each in the network's unit. */
  readonly uses?: Readonly<Partial<Record<NetworkName, Use<NoInfer<P | D | CommonParameter>>>>>;

  /**
   * How active its plan asks it to be, 0 to 1: a function of time, whatever goes wrong with it.
   * Only machines that have one take anything from networks.
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

/** A machine type, as the engine and everything made from its tables see it. */
export interface MachineType extends Omit<Model<string, string, string>, 'channels' | 'sums'> {
  readonly channels: readonly Channel[];
  /** The fields of all channels, in the order of a reading's row. */
  readonly fields: readonly Field[];
  readonly faultTypes: readonly string[];
  readonly alertCodes: readonly string[];
  /** The faults and alerts themselves, in the order of their names. */
  readonly faultList: readonly Fault[];
  readonly alertList: readonly Alert[];
  /** Column of the six electrical fields; −1 where a type has none. */
  readonly electricityColumn: number;
  /** Column of the units made in the interval; −1 where a type has none. */
  readonly productionColumn: number;
  /** Column of the mode. Where no channel reports it, one after all fields, for the status. */
  readonly modeColumn: number;
  readonly writeRow: RowWriter;
  /** Energy taken in the interval of the row at `at`, of all carriers: electricity and fuel. */
  energyTakenKwh(values: Float64Array, at: number): number;
}

/** The earlier of `endS` and the instant at which a maintenance next begins or ends. */
export function untilMaintenanceS(p: Readonly<Values<Planned>>, tS: number, endS: number): number {
  return Math.min(endS, tS >= p.maintenanceFromS ? p.maintenanceUntilS : p.maintenanceFromS);
}

/** The part of `perYear` times the age that counts: a machine in use is kept within 8 %. */
export function agedShare(perYear: number, years: number): number {
  return Math.min(AGED_MAX_SHARE, perYear * years);
}

const AGED_MAX_SHARE = 0.08;

/**
 * Vibration against the zones of a medium-sized machine on flexible supports: zone C, not fit for
 * long operation, from 4.5 mm/s on, and zone D, in which it takes damage, from 7.1 mm/s on.
 *
 * @see ISO 20816-3:2022, annex A, group 2.
 */
export const HIGH_VIBRATION = {
  message: 'Vibration is high',
  signal: 'vibration [mm/s]',
  limits: [4.5, 7.1],
  band: 0.45,
  value: (state: Readonly<Values<'vibrationMmS'>>) => state.vibrationMmS,
} as const;

/** Columns of a reading's row; every machine type fits. */
export const ROW_WIDTH = 32;
/** An alert takes two bits of a reading's 32. */
const ALERTS_MAX = 15;
/** A fault takes one bit of a reading's label. */
const FAULTS_MAX = 31;

/** Checks a model's tables and makes of them what the engine needs. */
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
    writeRow: compileRowWriter(fields.includes(mode) ? fields : [...fields, mode], model.sums),
    energyTakenKwh: energySum(
      columnOf('energyKwh'),
      columnOf(model.fuel?.amount),
      columnOf(model.fuel?.unitKwh),
    ),
  };
}

/** The mode of a type whose channels do not tell it. */
function hiddenMode(column: number): Field {
  return { ...PRODUCTION.operatingMode, key: 'operatingMode', name: '', unit: '', column };
}

/** What a row's columns of energy add up to; a column of −1 is one that the type does not have. */
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
  meterNoiseShare: parameter(0.03, [0, 0.1], 'Bound of the power meter’s error, as a share.'),
  sensorNoiseFactor: parameter(1, [0, 3], 'Errors of all other sensors, times their usual size.'),
  maintenanceWeeks: maintainedEvery(0),
  maintenanceHours: parameter(2, [0.5, 24], 'Length of a maintenance, from Sunday 08:00 on.'),
  wearShare: parameter(1, [0, 1], 'Wear and age, of the usual; 0: always as good as new.'),
  installedYear: parameter(2026, [1900, 2200], 'When it was installed: 2019.5 is mid-2019.'),
};

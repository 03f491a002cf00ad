import { decimal, ELECTRICITY, IDLE, MAINTENANCE, PRODUCTION, RUNNING } from '../../core/field.ts';
import {
  agedShare,
  defineMachine,
  maintainedEvery,
  parameter,
  type Values,
} from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import {
  controlPowerKw,
  drivePowerFactor,
  motorEfficiencyShare,
} from '../../physics/electricity.ts';
import { clamp, FORGETTING_TAUS, lag, onGrid } from '../../physics/heat.ts';
import {
  conveyorTorqueShare,
  drivenMotorInputShare,
  drivenMotorLossShare,
  frameRiseK,
  warmUpFactor,
} from '../../physics/rotation.ts';
import { vapourPressure } from '../../site/weather.ts';
import { HIGH_VIBRATION, unitFactor, VIBRATION_FACTOR, vibrationMmS } from '../vibration.ts';

/** Speed and load are set every minute; any change of speed is over within it. */
const SLOT_S = 60;
/** Longest segment, so that a short fault is not missed. */
const PIECE_S = 10;
const DAY_S = 86_400;
/** Time constant of the frame temperature. */
const FRAME_TAU_S = 1500;
/** Slowest operating speed of a belt, which is also the least that counts as running. */
const SLOWEST_SHARE = 0.2;
/** Load of the belt above which torque does not grow: further goods fall off. */
const HEAPED_SHARE = 1.1;
/** Torque at which the drive limits its current and slows down instead. */
const TORQUE_LIMIT_SHARE = 1.5;
/** Torque that accelerates the belt's mass: rated torque per share of full speed and second. */
const INERTIA_S = 0.8;
/** Power of drive and brake at standstill, as a share of the rated power. */
const STANDSTILL_SHARE = 0.015;
/** A group of this many slots has at most one micro-stop, of one or two slots. */
const GROUP_SLOTS = 10;
/** Most items per day, and the offset of their numbers from one day to the next. */
const ITEMS_A_DAY = 0x10_0000;
/** Items whose quality is drawn together. */
const LOT = 32;
/** Chilled coils dry air with a dew point above this [°C] by this share of the excess. */
const COIL_DEW_POINT_C = 11;
const COIL_DRYING_SHARE = 0.65;
/** A shorter change of speed counts as none: the resolution of seconds since the epoch. */
const SHORTEST_S = 1e-6;

const WAVE_SLOW = 0;
const WAVE_FAST = 1;
const SHAKE = 2;
const STOP = 50;
const STOP_AT = 51;
const STOP_LONG = 52;
const QUALITY = 70;

/**
 * A belt conveyor with a four-pole motor on a variable-speed drive.
 *
 * Each minute the flow of goods sets the speed n and the load of the belt λ. The torque follows
 * from λ alone, so power grows with the speed, not with its cube:
 *
 *     τ = τ_full (0.4 φ + 0.6 λ),  P = P_N · (τ n + motor losses + drive losses)
 *
 * The drive changes its speed by 2 %/s, so every change ends within its minute, and a state needs
 * no history except the frame temperature and the day's count. During a change, power is a
 * quadratic function of time, for which Simpson's rule is exact. Iron losses are modelled as 0.6 n
 * + 0.4 n² (hysteresis and eddy currents) instead of a fractional power of n: the same within 1 %
 * of the input, and exact over any interval.
 *
 * Figures: DIN 22101 for the resistances; IEC 60034-30-1, class IE3; US DOE, Motor Tip Sheet 11.
 */
export const motor = defineMachine({
  type: 'motor',
  title: 'Belt conveyor with motor and variable-speed drive',
  plural: 'motors and conveyors',
  intervalS: 10,
  typicalRatedPowerKw: [5, 30],

  parameters: {
    ratedPowerKw: parameter(22, [0.5, 400], 'Rated shaft power of the motor.'),
    maintenanceWeeks: maintainedEvery(8),
    fullTorqueShare: parameter(
      0.8,
      [0.2, 1.2],
      'Torque with a full belt, as a share of the rated torque.',
    ),
    emptyShare: parameter(
      0.4,
      [0.1, 0.9],
      'Torque of the empty belt, as a share of that of a full belt.',
    ),
    beltSpeedMMin: parameter(30, [1, 120], 'Speed of the belt at 100 %.'),
    itemsPerMetre: parameter(2, [0.01, 6], 'Items per metre of a full belt.'),
    demandShare: parameter(
      0.85,
      [0, 1.2],
      'Goods at full production, as a share of the belt’s capacity.',
    ),
    slewPerS: parameter(0.02, [0.02, 0.5], 'Change of speed, as a share of full speed per second.'),
    stopShare: parameter(0.05, [0, 1], 'Probability of a micro-stop within ten minutes.'),
    defectShare: parameter(0.02, [0, 1], 'Share of bad items.'),
    slipShare: parameter(0.01, [0, 0.9], 'Slip of the belt on its drum.'),
    frictionFactor: parameter(
      1,
      [0.5, 3],
      'Friction of belt and bearings, relative to a healthy machine.',
    ),
    torqueFactor: parameter(1, [0.5, 3], 'Torque, relative to that with normal goods.'),
    vibrationFactor: VIBRATION_FACTOR,
    excessTempK: parameter(
      0,
      [0, 60],
      'Excess frame temperature, compared with a healthy machine.',
    ),
  },

  derived: (p) => ({
    ratedLossShare: 1 / motorEfficiencyShare(p.ratedPowerKw) - 1,
    /** Items per second on a full belt at full speed. */
    itemsPerS: (p.beltSpeedMMin * p.itemsPerMetre * (1 - p.slipShare)) / 60,
    logGoodShare: Math.min(-1e-12, Math.log(1 - p.defectShare)),
    serviceKw: controlPowerKw(p.ratedPowerKw),
  }),

  wear(p, wornShare, years) {
    p.frictionFactor *= 1 + 0.05 * wornShare + agedShare(0.005, years);
    p.vibrationFactor *= 1 + 0.25 * wornShare;
  },

  channels: {
    energy: ELECTRICITY,
    production: PRODUCTION,
    environmental: {
      outdoorTempC: decimal(2),
      indoorTempC: decimal(2, { offset: 0.4 }),
      machineTempC: decimal(2, { offset: 0.4 }),
      outdoorHumidityPercent: decimal(2),
      indoorHumidityPercent: decimal(2, { offset: 2 }),
      vibrationMmS: decimal(4, { share: 0.05 }),
    },
  },

  sums: ['energyKws', 'travelS', 'itemsSum', 'productionCount', 'productionCountBad'],

  /**
   * A slot early enough for the frame to forget, and no later than the start of the day's count.
   */
  anchorS: (_p, _site, tS) => {
    const forgottenS = tS - FORGETTING_TAUS * FRAME_TAU_S;
    const dayStartS = Math.floor(tS / DAY_S) * DAY_S;
    return Math.min(Math.floor(forgottenS / SLOT_S) * SLOT_S, dayStartS - SLOT_S);
  },

  start: (_p, site, random, tS) => ({
    // The segment: its start, the initial speed and its rate of change.
    segmentS: tS,
    speedShare: 0,
    slewPerS: 0,
    torqueShare: 0,
    /** Speed relative to the requested one; below 1 when the drive limits its current. */
    pullShare: 0,
    itemsPerS: 0,
    isStanding: 0,
    isServiced: 0,
    /** When the belt last started after a longer rest. */
    onS: tS,
    // The slot: the requested values, and the instant at which they are reached.
    slotEndS: tS,
    targetShare: 0,
    loadingShare: 0,
    rampEndS: tS,
    hallTempC: 0,
    // The frame: its temperature at the start of the slot, and its limit.
    frameFromS: tS,
    frameTempC: site.at(tS).hallTempC,
    frameLimitTempC: site.at(tS).hallTempC,
    /** The day, and the items completed in it. */
    day: Math.floor(tS / DAY_S),
    items: 0,
    unitFactor: unitFactor(random),
    /** Items not evaluated yet: how many, and the number of the first of them. */
    newItems: 0,
    firstItem: 0,
    /** The lot being evaluated, and the next bad item in or after it. */
    lot: -1,
    badItem: -1,
  }),

  resume(s, _p, _site, _random, before, stoppedS, tS) {
    const frameC = frameTempC(before, stoppedS);
    s.frameTempC = onGrid(lag(frameC, s.frameTempC, FRAME_TAU_S, tS - stoppedS));
  },

  begin(s, p, site, random, tS) {
    s.items = itemsAt(s, tS);
    s.speedShare = tS >= s.rampEndS ? s.targetShare : speedAt(s, tS);
    s.segmentS = tS;

    const isNewSlot = tS >= s.slotEndS;
    if (isNewSlot) {
      const day = Math.floor(tS / DAY_S);
      if (day !== s.day) {
        judge(s, p, random);
        s.day = day;
        s.items = 0;
      }
      planSlot(s, p, site, random, Math.floor(tS / SLOT_S));
      s.frameTempC = onGrid(frameTempC(s, tS));
      s.frameFromS = tS;
      const changeS = Math.abs(s.targetShare - s.speedShare) / p.slewPerS;
      s.rampEndS = changeS < SHORTEST_S ? tS : tS + changeS;
      if (changeS < SHORTEST_S) s.speedShare = s.targetShare;
    }

    const isRamping = tS < s.rampEndS;
    const slewPerS = s.targetShare > s.speedShare ? p.slewPerS : -p.slewPerS;
    s.slewPerS = isRamping ? slewPerS : 0;
    s.isStanding = !isRamping && s.speedShare === 0 ? 1 : 0;
    const beltShare = conveyorTorqueShare(
      p.fullTorqueShare,
      p.emptyShare,
      p.frictionFactor * warmUpFactor(tS - s.onS),
      s.loadingShare,
    );
    const torqueShare = p.torqueFactor * beltShare + INERTIA_S * s.slewPerS;
    s.torqueShare = Math.min(TORQUE_LIMIT_SHARE, torqueShare);
    s.pullShare = s.torqueShare / torqueShare;
    s.itemsPerS = p.itemsPerS * Math.min(1, s.loadingShare) * s.pullShare;
    if (isNewSlot) {
      const speedShare = s.targetShare * s.pullShare;
      const lossShare = drivenMotorLossShare(speedShare, s.torqueShare);
      const riseK = p.excessTempK + frameRiseK(lossShare, speedShare);
      s.frameLimitTempC = s.hallTempC + (s.targetShare > 0 ? riseK : 0);
    }

    const pieceEndS = (Math.floor(tS / PIECE_S) + 1) * PIECE_S;
    return isRamping ? Math.min(pieceEndS, s.rampEndS) : pieceEndS;
  },

  accumulate(s, p, fromS, toS) {
    const lengthS = toS - fromS;
    if (s.isStanding) {
      const standingKw = s.isServiced ? p.serviceKw : STANDSTILL_SHARE * p.ratedPowerKw;
      s.energyKws += standingKw * lengthS;
      return;
    }
    const from = speedAt(s, fromS) * s.pullShare;
    const to = speedAt(s, toS) * s.pullShare;
    const middle = (from + to) / 2;
    let inputShare = drivenMotorInputShare(middle, s.torqueShare, p.ratedLossShare);
    if (from !== to) {
      const fromShare = drivenMotorInputShare(from, s.torqueShare, p.ratedLossShare);
      const toShare = drivenMotorInputShare(to, s.torqueShare, p.ratedLossShare);
      inputShare = (fromShare + 4 * inputShare + toShare) / 6;
    }
    s.energyKws += p.ratedPowerKw * inputShare * lengthS;
    s.travelS += middle * lengthS;

    const before = itemsAt(s, fromS);
    const after = itemsAt(s, toS);
    s.itemsSum += after - before;
    if (s.newItems === 0) s.firstItem = Math.floor(before);
    s.newItems += Math.floor(after) - Math.floor(before);
  },

  report(s, p, site, random, tS, intervalS) {
    judge(s, p, random);
    const speedShare = speedAt(s, tS);
    s.powerKw = s.energyKws / intervalS;
    s.productionCountGood = s.productionCount - s.productionCountBad;
    s.throughputUnitsPerHour = (3600 * s.itemsSum) / intervalS;
    const isRunning = speedShare >= SLOWEST_SHARE;
    s.operatingMode = s.isServiced ? MAINTENANCE : isRunning ? RUNNING : IDLE;
    s.speedPercent = (100 * s.travelS) / intervalS;
    s.indoorTempC = site.at(tS).hallTempC;
    s.machineTempC = frameTempC(s, tS);
    const healthyMmS = s.isStanding ? 0 : 0.8 + 1.4 * speedShare * s.pullShare;
    const ownMmS = healthyMmS * s.unitFactor * p.vibrationFactor;
    s.vibrationMmS = vibrationMmS(ownMmS, random, SHAKE, tS);
  },

  powerFactor: (_s, p, powerKw) => drivePowerFactor(powerKw, p.ratedPowerKw),

  /** Pushers, stops and sorters along the belt. */
  uses: { compressedAir: (p, activityShare) => 0.012 * p.ratedPowerKw * activityShare },

  /** Incoming goods, as a share of the belt's capacity. */
  activityShare: (p, site, random, tS) => {
    const slot = Math.floor(tS / SLOT_S);
    if (isMicroStop(random, slot, p.stopShare)) return 0;
    const slotS = slot * SLOT_S;
    return Math.min(1, p.demandShare * site.at(slotS).load * (1 + goodsWave(random, slotS)));
  },

  faults: {
    bearing_wear: {
      onset: 'ramp',
      about: 'Worn bearings: more friction, strong vibration, heat.',
      signals: ['vibrationMmS', 'machineTempC', 'powerKw'],
      apply(p, x) {
        p.frictionFactor *= 1 + 0.35 * x;
        p.vibrationFactor *= 1 + 3.5 * x;
        p.excessTempK += 15 * x;
      },
    },
    belt_slip: {
      onset: 'step',
      about: 'The belt slips on its drum: fewer items for the same power and speed.',
      signals: ['throughputUnitsPerHour', 'productionCount', 'vibrationMmS', 'machineTempC'],
      apply(p, x) {
        p.slipShare += 0.3 * x;
        p.vibrationFactor *= 1 + 0.8 * x;
        p.excessTempK += 5 * x;
      },
    },
    overload: {
      onset: 'step',
      about: 'Heavy goods or a dragging belt: more torque and power and, gradually, more heat.',
      signals: ['powerKw', 'machineTempC'],
      apply(p, x) {
        p.torqueFactor *= 1 + 0.6 * x;
      },
    },
  },

  alerts: {
    HIGH_VIBRATION,
    HIGH_MOTOR_TEMPERATURE: {
      message: 'Motor is hot',
      signal: 'frame temperature [°C]',
      limits: [75, 90],
      band: 3,
      value: (s) => s.machineTempC,
    },
    OVERLOAD: {
      message: 'Torque is above the rated one',
      signal: 'torque as a share of the rated torque',
      limits: [1, 1.25],
      band: 0.05,
      value: (s) => (s.isStanding ? 0 : s.torqueShare),
    },
  },

  profile: {
    states: [
      '`running`: the belt moves at 20 % of its speed or faster.',
      '`idle`: stopped for a micro-stop of one or two minutes, with drive and brake on.',
      'The drive changes the speed by 2 % per second: up after a start, down before a maintenance.',
      'Cold belts and bearings have 8 % more friction, which fades within half an hour.',
    ],
    relevantVariables: [
      'Items (`production_count`): torque depends on the load of the belt.',
      'Speed: power is proportional to it, not to its cube.',
    ],
    staticFactors: ['Friction of the empty belt, weight of the goods, efficiency class, drive.'],
    wear: 'Friction +5 % between two maintenances, +0.5 % per year; vibration +25 %.',
    sources: [
      'DIN 22101: resistances of belt conveyors.',
      'IEC 60034-30-1: efficiency class IE3.',
      'US DOE: Determining Electric Motor Load and Efficiency; Motor Tip Sheet 11.',
    ],
    plot: ['powerKw', 'speedPercent', 'throughputUnitsPerHour'],
  },
});

/** Requested speed at an instant of the segment. */
function speedAt(s: Values<'speedShare' | 'slewPerS' | 'segmentS'>, tS: number): number {
  return s.speedShare + s.slewPerS * (tS - s.segmentS);
}

/** Items completed since the day began, at an instant of the segment. */
function itemsAt(
  s: Values<'items' | 'itemsPerS' | 'speedShare' | 'slewPerS' | 'segmentS'>,
  tS: number,
): number {
  const lengthS = tS - s.segmentS;
  return s.items + s.itemsPerS * (s.speedShare + (s.slewPerS * lengthS) / 2) * lengthS;
}

/** Frame temperature at an instant of the slot [°C]. */
function frameTempC(
  s: Values<'frameFromS' | 'frameTempC' | 'frameLimitTempC'>,
  tS: number,
): number {
  return lag(s.frameTempC, s.frameLimitTempC, FRAME_TAU_S, tS - s.frameFromS);
}

/** Plans a slot; the plan depends on nothing but the slot. */
function planSlot(
  s: Values<
    | ('slotEndS' | 'targetShare' | 'loadingShare' | 'isServiced' | 'onS')
    | ('hallTempC' | 'indoorHumidityPercent')
  >,
  p: Values<'demandShare' | 'stopShare' | 'maintenanceFromS' | 'maintenanceUntilS'>,
  site: Site,
  random: Random,
  slot: number,
): void {
  const tS = slot * SLOT_S;
  const { load, hallTempC, dewPointC } = site.at(tS);
  const wave = goodsWave(random, tS);
  const speedShare = clamp((0.25 + 0.68 * load) * (1 + 0.3 * wave), SLOWEST_SHARE, 1);
  const demandShare = p.demandShare * load * (1 + wave);
  s.loadingShare = clamp(demandShare / speedShare, 0, HEAPED_SHARE);
  // The belt slows down in the minute before a maintenance, so that it stands still when that
  // begins.
  const isStopping = tS >= p.maintenanceFromS - SLOT_S && tS < p.maintenanceUntilS;
  s.isServiced = isStopping && tS >= p.maintenanceFromS ? 1 : 0;
  s.targetShare = isStopping || isMicroStop(random, slot, p.stopShare) ? 0 : speedShare;
  if (s.isServiced) s.onS = p.maintenanceUntilS;
  s.slotEndS = tS + SLOT_S;
  s.hallTempC = hallTempC;
  s.indoorHumidityPercent = hallHumidityPercent(hallTempC, dewPointC);
}

function goodsWave(random: Random, tS: number): number {
  return 0.05 * random.smooth(WAVE_SLOW, 1800, tS) + 0.04 * random.smooth(WAVE_FAST, 180, tS);
}

function isMicroStop(random: Random, slot: number, stopShare: number): boolean {
  const group = Math.floor(slot / GROUP_SLOTS);
  if (random.uniform(STOP, group) >= stopShare) return false;
  const first =
    GROUP_SLOTS * group + Math.floor((GROUP_SLOTS - 1) * random.uniform(STOP_AT, group));
  const slots = random.uniform(STOP_LONG, group) < 0.5 ? 1 : 2;
  return slot >= first && slot < first + slots;
}

/**
 * Counts the new items, good and bad.
 *
 * Whether an item is bad depends only on its number within the day. The number of good items
 * before the next bad one is geometrically distributed, so one draw settles a whole run of them.
 * Runs restart every {@link LOT} items, so any item can be evaluated without all those before it.
 */
function judge(
  s: Values<
    'day' | 'firstItem' | 'newItems' | 'productionCount' | 'productionCountBad' | 'lot' | 'badItem'
  >,
  p: Values<'logGoodShare'>,
  random: Random,
): void {
  const first = s.day * ITEMS_A_DAY + s.firstItem;
  const end = first + s.newItems;
  for (let item = first; item < end; ) {
    const lot = Math.floor(item / LOT) * LOT;
    if (lot !== s.lot) {
      s.lot = lot;
      s.badItem = nextBadItem(random, lot, p.logGoodShare);
    }
    const stop = Math.min(end, lot + LOT);
    while (s.badItem < stop) {
      if (s.badItem >= item) s.productionCountBad++;
      s.badItem = nextBadItem(random, s.badItem + 1, p.logGoodShare);
    }
    item = stop;
  }
  s.productionCount += s.newItems;
  s.newItems = 0;
}

/** The first bad item at or after this one, if no earlier item counts. */
function nextBadItem(random: Random, item: number, logGoodShare: number): number {
  return item + Math.floor(Math.log(1 - random.uniform(QUALITY, item)) / logGoodShare);
}

/**
 * Humidity of a hall with outdoor air and some moisture from people and goods. A hall cooler than
 * a summer's day is air-conditioned: its coils remove most of the moisture that would raise the
 * dew point above theirs.
 */
function hallHumidityPercent(hallTempC: number, dewPointC: number): number {
  const moistC = dewPointC + 1;
  const dryC = moistC - COIL_DRYING_SHARE * Math.max(0, moistC - COIL_DEW_POINT_C);
  return (100 * vapourPressure(dryC)) / vapourPressure(hallTempC);
}

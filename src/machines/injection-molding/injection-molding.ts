import {
  decimal,
  ELECTRICITY,
  IDLE,
  MAINTENANCE,
  PRODUCTION,
  RUNNING,
  text,
} from '../../core/field.ts';
import {
  choice,
  defineMachine,
  maintainedEvery,
  parameter,
  type Values,
} from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import { waterWarmingK } from '../../physics/cooling.ts';
import {
  CONTROL_POWER_FACTOR,
  controlPowerKw,
  motorReactiveKvar,
  powerFactor,
} from '../../physics/electricity.ts';
import { clamp, FORGETTING_TAUS, lag, onGrid } from '../../physics/heat.ts';
import { WATER_COOLED_SHARE } from '../../physics/oil.ts';
import {
  CYCLE_PHASES,
  cyclePhase,
  effortSeconds,
  type MouldingCycle,
  mouldingCycle,
  POLYMERS,
  type Polymer,
  REST_EFFORT,
} from '../../physics/polymer.ts';
import { HIGH_VIBRATION, unitFactor, VIBRATION_FACTOR, vibrationMmS } from '../vibration.ts';
import {
  BARREL_TAU_S,
  BLOCK_S,
  beginBlock,
  beginCycle,
  CYCLE,
  LONG_STOP_S,
  plannedCycles,
  SERVICED,
  STANDBY,
  WARM_UP,
} from './control.ts';

/** Additional phases: between cycles with the pump on, and with the pump off. */
const RESTING = CYCLE_PHASES;
const OFF = CYCLE_PHASES + 1;

/** Longest segment. */
const SEGMENT_MAX_S = 60;
/** Oil pressure [bar] and vibration [mm/s] in each phase, in the gap, resting, and off. */
const PRESSURE_BAR = [120, 150, 90, 70, 20, 20, 20, 20, 0];
const VIBRATION_MM_S = [1.4, 2, 1.2, 1.6, 1, 1.5, 1, 1, 0];
/** Pump effort per unit of electrical power of its motor. */
const PUMP_EFFICIENCY = 0.93;
/**
 * Share of the melting heat that a healthy screw provides by shear; the heaters provide the rest.
 */
const SHEAR_SHARE = 0.62;

/** Electrical power of the pump at an effort: rated · (effort / 0.93 + 0.02). */
const PUMP_IDLE_SHARE = 0.02;
const STANDBY_PUMP_SHARE = 0.8;
const STANDBY_AUXILIARY_SHARE = 0.7;
/** Cooling water of the mould per kW of rated power [m³/h]. */
const WATER_M3H_PER_KW = 0.03;
/** Capacitors at the pump motor, relative to its rated power [kvar/kW]. */
const CAPACITOR_SHARE = 0.1;
/** Reactive power of the auxiliaries at power factor 0.9, per active power. */
const AUXILIARY_REACTIVE = 0.484;

/**
 * Heat capacity of the barrel [kJ/K] and its losses [kW/K], per kW of rated power. With 4 kJ/K a
 * failing heater would show in the scrap only hours later; with 3 the barrel warms up in 45 min.
 */
const BARREL_KJ_PER_K = 3;
const BARREL_LOSS_SHARE = 1.25e-4;
const COOL_DOWN_TAU_S = BARREL_KJ_PER_K / BARREL_LOSS_SHARE;
/**
 * Warm-up with a broken heater takes under four hours; after that the barrel forgets its start.
 */
const ANCHOR_BLOCKS = 8 + Math.ceil((FORGETTING_TAUS * BARREL_TAU_S) / BLOCK_S);

const SHAKE = 2;

const parameters = {
  ratedPowerKw: parameter(120, [5, 800], 'Connected load: pump 60 %, heaters 30 %, rest 8 %.'),
  meterNoiseShare: parameter(0.04, [0, 0.1], 'Largest error of the power meter, as a share.'),
  maintenanceWeeks: maintainedEvery(4),
  material: choice(
    POLYMERS.map(({ name }) => name.toLowerCase()),
    'The polymer.',
  ),
  shotGPerKw: parameter(5, [1, 10], 'Shot of PP per kW of rated power, in grams.'),
  wallMm: parameter(4.2, [1, 6], 'Maximum wall thickness of the part.'),
  effectivenessShare: parameter(0.93, [0.5, 1], 'Share of possible cycles that are made.'),
  scrapShare: parameter(0.015, [0, 0.5], 'Share of bad parts in normal operation.'),
  barrelOffsetK: parameter(
    0,
    [-50, 20],
    'Barrel temperature relative to the set point of its polymer.',
  ),
  heaterFactor: parameter(1, [0.3, 1], 'Capacity of the heaters, relative to healthy ones.'),
  screwTimeFactor: parameter(1, [1, 1.5], 'Plasticising time, relative to a healthy machine.'),
  screwEffortFactor: parameter(1, [1, 1.5], 'Plasticising effort, relative to a healthy machine.'),
  mouldExcessK: parameter(0, [0, 10], 'Excess temperature of the mould.'),
  waterFactor: parameter(1, [0.2, 1], 'Flow of cooling water, relative to a healthy machine.'),
  pumpPowerFactor: parameter(
    1,
    [1, 1.5],
    'Pump power for the same work, relative to a healthy pump.',
  ),
  vibrationFactor: VIBRATION_FACTOR,
  leakEffort: parameter(0, [0, 0.5], 'Pump effort for leaking oil.'),
  injectTimeFactor: parameter(1, [1, 1.5], 'Injection time, relative to a healthy machine.'),
  pressureFactor: parameter(1, [0.5, 1], 'Oil pressure, relative to a healthy machine.'),
};

function derived(p: Values<keyof typeof parameters>) {
  const polymer = POLYMERS[p.material] as Polymer;
  const shotG = (p.shotGPerKw * p.ratedPowerKw * polymer.densityGPerCm3) / 0.905;
  const { wallMm, mouldExcessK, injectTimeFactor, screwTimeFactor } = p;
  const cycle = mouldingCycle(polymer, wallMm, mouldExcessK, injectTimeFactor, screwTimeFactor);
  const pumpKw = 0.6 * p.ratedPowerKw;
  const perEffortKw = (p.pumpPowerFactor * pumpKw) / PUMP_EFFICIENCY;
  const pumpLossKw = PUMP_IDLE_SHARE * pumpKw + p.leakEffort * perEffortKw;
  return {
    injectedS: cycle.injectedS,
    heldS: cycle.heldS,
    screwedS: cycle.screwedS,
    cooledS: cycle.cooledS,
    cycleS: cycle.cycleS,
    nominalCycleS: mouldingCycle(polymer, wallMm, 0, 1, 1).cycleS,
    pumpKw,
    // Power of the pump per unit of effort, for leaks and friction, and in standby.
    perEffortKw,
    pumpLossKw,
    pumpStandbyKw: STANDBY_PUMP_SHARE * (REST_EFFORT * perEffortKw + pumpLossKw),
    heaterKw: 0.3 * p.ratedPowerKw * p.heaterFactor,
    auxiliaryKw: 0.08 * p.ratedPowerKw,
    /** Heat to melt a shot, and the part of it that the heaters must provide. */
    shotKj: (shotG / 1000) * polymer.meltKjPerKg,
    heatedShare: Math.max(0, 1 - SHEAR_SHARE * p.screwTimeFactor * p.screwEffortFactor),
    barrelKwPerK: BARREL_LOSS_SHARE * p.ratedPowerKw,
    /** Heat that the controller requests beyond the losses, per kelvin below the set point. */
    barrelCallKwPerK: (BARREL_KJ_PER_K * p.ratedPowerKw) / BARREL_TAU_S,
    meltTempC: polymer.meltTempC,
    barrelSetTempC: polymer.meltTempC + p.barrelOffsetK,
    waterTempC: polymer.mouldTempC - 8,
    waterFlowM3h: WATER_M3H_PER_KW * p.ratedPowerKw * p.waterFactor,
    recipeId: 1e6 * p.material + Math.round(shotG),
    serviceKw: controlPowerKw(p.ratedPowerKw),
  };
}

function start(_p: object, site: Site, random: Random, tS: number) {
  const { hallTempC } = site.at(tS);
  return {
    segmentS: tS,
    // The block and its plan.
    block: Math.floor(tS / BLOCK_S),
    blockEndS: tS,
    planned: 0,
    made: 0,
    // Parts since quality was last evaluated, the bad ones, and the result.
    judged: 0,
    spoilt: 0,
    scrapShare: 0,
    stretchShare: 0,
    /** Effort relative to that of the usual melt. */
    viscosityFactor: 0,
    activity: WARM_UP,
    // The cycle: its start, its end, and the end of an uncut cycle, relative to the start.
    cycleStartS: tS,
    cycleEndS: tS,
    pitchS: 0,
    /** When the part is ejected. */
    partS: tS,
    isBad: 0,
    shotKw: 0,
    suspectShots: 0,
    stoppedS: tS - LONG_STOP_S - 1,
    warmS: Number.POSITIVE_INFINITY,
    isSettled: 0,
    // The barrel at the start of the segment, and its limit and rate.
    barrelTempC: hallTempC + 2,
    barrelLimitTempC: hallTempC + 2,
    barrelTauS: BARREL_TAU_S,
    /** Heat in addition to that at the limit, over the whole approach [kJ]. */
    surplusKj: 0,
    indoorTempC: hallTempC + 2,
    // Powers of the segment: the pump's per unit of effort, its losses, and everything else.
    effortKw: 0,
    pumpBaseKw: 0,
    otherKw: 0,
    // Effort times seconds since the cycle began, at the instant up to which sums are complete.
    effortS: 0,
    summedS: tS,
    unitFactor: unitFactor(random),
    // What the power factor needs.
    pumpMeanKw: 0,
  };
}

type Parameters = Values<
  keyof typeof parameters | keyof ReturnType<typeof derived> | 'maintenanceFromS'
>;
type State = ReturnType<typeof start>;

/**
 * A hydraulic injection moulding machine with a variable-displacement pump.
 *
 * Production is planned in half-hours: first as many cycles as production requires, one after the
 * other, then standby. So what happens in a block does not depend on the previous one, except for
 * the barrel temperature and the length of the last stop. A cycle consists of clamping, injection,
 * holding, plasticising of the next shot, cooling and ejection; the cooling time is that of a
 * plate.
 *
 * The barrel follows its heat balance:
 *
 *     C dT/dt = P_heaters + P_shear − ṁ Δh − UA (T − T_ambient)
 *
 * A controller brings it to its set point with a time constant of eight minutes, within the limits
 * of its heaters: their maximum makes a cold start take most of an hour, and since they cannot
 * cool, a hot barrel cools slowly. Heat from the work of the screw saves heater power.
 *
 * A machine that was switched off or serviced starts with the heat left in its barrel; it produces
 * from five kelvins below its set point.
 *
 * `pressure_bar` is that of the oil; `flow_rate_m3h` and chilled water are those of the mould.
 *
 * Figures: Kent, Energy Management in Plastics Processing; Thiriez, Gutowski, IEEE ISEE 2006;
 * Madan et al., MSEC2013-1222.
 */
export const injectionMolding = defineMachine({
  type: 'injection_molding',
  title: 'Injection moulding machine, hydraulic, with variable pump',
  plural: 'injection moulding machines',
  intervalS: 30,
  typicalRatedPowerKw: [25, 200],
  parameters,
  derived,

  wear(p, wornShare) {
    p.pumpPowerFactor *= 1 + 0.02 * wornShare;
    p.vibrationFactor *= 1 + 0.25 * wornShare;
  },

  channels: {
    energy: ELECTRICITY,
    production: {
      ...PRODUCTION,
      recipeId: text((code) => `${POLYMERS[Math.floor(code / 1e6)]?.name}-${code % 1e6}G`),
      batchId: text((block) => `B${block}`),
    },
    environmental: {
      outdoorTempC: decimal(2),
      indoorTempC: decimal(2, { offset: 0.4 }),
      machineTempC: decimal(2, { offset: 0.4 }),
      outdoorHumidityPercent: decimal(2),
      pressureBar: decimal(3, { share: 0.005 }),
      flowRateM3h: decimal(3, { share: 0.03 }),
      chilledWaterSupplyTempC: decimal(2, { offset: 0.4 }),
      chilledWaterReturnTempC: decimal(2, { offset: 0.4 }),
      vibrationMmS: decimal(4, { share: 0.05 }),
    },
  },

  sums: ['energyKws', 'pumpKws', 'cycles', 'productionCount', 'productionCountBad'],

  anchorS: (_p, _site, tS, attempt) =>
    (Math.floor(tS / BLOCK_S) - ANCHOR_BLOCKS * (attempt + 1)) * BLOCK_S,

  start,

  resume(s, _p, _site, _random, before, stoppedS, tS) {
    const barrelC = barrelTempC(before, stoppedS);
    s.barrelTempC = onGrid(lag(barrelC, s.indoorTempC, COOL_DOWN_TAU_S, tS - stoppedS));
    s.barrelLimitTempC = s.barrelTempC;
    s.stoppedS = stoppedS;
  },

  begin(s, p, site, random, tS) {
    s.barrelTempC = barrelTempC(s, tS);
    s.segmentS = tS;
    if (tS >= s.blockEndS) beginBlock(s, p, site, random, tS);
    if (s.activity !== CYCLE || tS >= s.cycleEndS) beginCycle(s, p, random, tS);
    setPowers(s, p);
    return Math.min(s.activity === CYCLE ? s.cycleEndS : s.blockEndS, tS + SEGMENT_MAX_S);
  },

  accumulate(s, p, fromS, toS) {
    const lengthS = toS - fromS;
    if (s.activity === CYCLE) {
      if (s.summedS !== fromS || fromS === s.segmentS)
        s.effortS = effortSeconds(p, p.screwEffortFactor, fromS - s.cycleStartS);
      const effortS = effortSeconds(p, p.screwEffortFactor, toS - s.cycleStartS);
      const workKws = s.effortKw * (effortS - s.effortS);
      s.effortS = effortS;
      s.summedS = toS;
      s.energyKws += workKws;
      s.pumpKws += workKws;
      s.cycles += lengthS / s.pitchS;
      if (fromS < s.partS && s.partS <= toS) {
        s.productionCount++;
        s.productionCountBad += s.isBad;
      }
    }
    s.energyKws += (s.pumpBaseKw + s.otherKw) * lengthS;
    s.pumpKws += s.pumpBaseKw * lengthS;
    if (s.surplusKj !== 0) {
      const before = Math.exp(-(fromS - s.segmentS) / s.barrelTauS);
      const after = Math.exp(-(toS - s.segmentS) / s.barrelTauS);
      s.energyKws += s.surplusKj * (before - after);
    }
  },

  report(s, p, _site, random, tS, intervalS) {
    const isCycling = s.activity === CYCLE;
    const phase = isCycling
      ? cyclePhase(p, tS - s.cycleStartS)
      : s.activity === STANDBY
        ? RESTING
        : OFF;
    s.powerKw = s.energyKws / intervalS;
    s.pumpMeanKw = s.pumpKws / intervalS;
    s.productionCountGood = s.productionCount - s.productionCountBad;
    s.throughputUnitsPerHour = (3600 * s.cycles) / intervalS;
    const isServiced = s.activity === SERVICED;
    s.operatingMode = isServiced ? MAINTENANCE : isCycling ? RUNNING : IDLE;
    s.speedPercent = isCycling ? (100 * p.nominalCycleS) / s.pitchS : 0;
    s.recipeId = p.recipeId;
    s.batchId = s.block;
    s.machineTempC = barrelTempC(s, tS);
    s.pressureBar = (PRESSURE_BAR[phase] as number) * p.pressureFactor;
    s.flowRateM3h = isServiced ? 0 : p.waterFlowM3h;
    s.chilledWaterSupplyTempC = p.waterTempC;
    s.chilledWaterReturnTempC =
      p.waterTempC + (isCycling ? waterWarmingK(s.shotKw, p.waterFlowM3h) : 0);
    const ownMmS = (VIBRATION_MM_S[phase] as number) * s.unitFactor * p.vibrationFactor;
    s.vibrationMmS = vibrationMmS(ownMmS, random, SHAKE, tS);
  },

  /** The pump motor with its capacitors, auxiliaries, and heaters without reactive power. */
  powerFactor(s, p, powerKw) {
    if (s.activity === SERVICED) return CONTROL_POWER_FACTOR;
    const pumpKvar = motorReactiveKvar(s.pumpMeanKw, p.pumpKw) - CAPACITOR_SHARE * p.ratedPowerKw;
    return powerFactor(powerKw, pumpKvar + AUXILIARY_REACTIVE * p.auxiliaryKw);
  },

  /** Ejectors, valves and robots; cooling of the mould and the hydraulic oil. */
  uses: {
    compressedAir: (p, activityShare) => 0.008 * p.ratedPowerKw * activityShare,
    chilledWater: cooledKw,
  },

  /** The part of the block in which it makes parts. */
  activityShare: (p, site, random, tS) => {
    const blockS = Math.floor(tS / BLOCK_S) * BLOCK_S;
    const cycles = plannedCycles(p, site.at(blockS).load, random, blockS);
    return Math.min(1, (cycles * p.cycleS) / BLOCK_S);
  },

  isSettled: (s) => s.isSettled === 1,

  faults: {
    heater_fault: {
      onset: 'step',
      about: 'A failed heater band: cold barrel, stiff melt, scrap parts.',
      signals: ['machineTempC', 'productionCountBad', 'productionCountGood', 'powerKw'],
      apply(p, x) {
        p.barrelOffsetK -= 25 * x;
        p.heaterFactor *= 1 - 0.35 * x;
        p.screwTimeFactor *= 1 + 0.15 * x;
        p.screwEffortFactor *= 1 + 0.2 * x;
      },
    },
    cooling_insufficient: {
      onset: 'step',
      about: 'Too little cooling water: hot mould, longer cycles, warped parts.',
      signals: [
        'flowRateM3h',
        'chilledWaterReturnTempC',
        'productionCountBad',
        'speedPercent',
        'throughputUnitsPerHour',
        'productionCount',
      ],
      apply(p, x) {
        p.mouldExcessK += 15 * x;
        p.waterFactor *= 1 - 0.5 * x;
        p.scrapShare += 0.15 * x;
      },
    },
    hydraulic_leak: {
      onset: 'ramp',
      about: 'Oil leaks past the pump and valves: more power for less pressure, short shots.',
      signals: ['powerKw', 'pressureBar', 'productionCountBad'],
      apply(p, x) {
        p.leakEffort += 0.15 * x;
        p.injectTimeFactor *= 1 + 0.1 * x;
        p.pressureFactor *= 1 - 0.08 * x;
        p.scrapShare += 0.08 * x;
      },
    },
  },

  alerts: {
    HIGH_VIBRATION,
    BARREL_TEMPERATURE_OFF: {
      message: 'Barrel temperature is off its set point',
      signal: 'deviation of the barrel temperature from its set point [K]',
      limits: [5, 15],
      band: 1,
      value: (s, p) =>
        s.activity === WARM_UP || s.activity === SERVICED
          ? 0
          : Math.abs(s.machineTempC - p.meltTempC),
    },
    LOW_WATER_FLOW: {
      message: 'The mould gets too little water',
      signal: 'water flow as a share of the rated flow',
      limits: [0.88, 0.6],
      band: 0.03,
      value: (s, p) =>
        s.activity === SERVICED ? 1 : s.flowRateM3h / (WATER_M3H_PER_KW * p.ratedPowerKw),
    },
    SLOW_CYCLE: {
      message: 'The cycle takes longer than it should',
      signal: 'speed of the last cycle relative to nominal',
      limits: [0.94, 0.85],
      band: 0.01,
      value: (s, p) => p.nominalCycleS / s.pitchS,
    },
    HIGH_SCRAP: {
      message: 'Too many parts are bad',
      signal: 'share of bad parts in the previous hour',
      limits: [0.12, 0.3],
      band: 0.03,
      value: (s) => (s.activity === SERVICED ? 0 : s.scrapShare),
    },
  },

  profile: {
    states: [
      '`running`: cycles of clamping, injection, holding, plasticising, cooling, ejection.',
      '`idle`: between the cycles of a half-hour with heaters and pump on, or warming up.',
      'Start: the heaters bring the barrel from its remaining temperature to five kelvins below ' +
        'set point: 50 min from cold, a minute after a short stop. The first three shots are ' +
        'mostly scrap.',
      'During maintenance the heaters are off.',
      'Mould and oil cooler use chilled water if the factory has such a network.',
    ],
    relevantVariables: [
      'Moulded mass: parts times the shot size in `recipe_id`.',
      'Hours at temperature: heaters, pump and auxiliaries use 15 to 25 % of the power in ' +
        'stand-by.',
    ],
    staticFactors: ['Polymer, shot size, wall thickness, pump, insulation of the barrel.'],
    wear: 'Pump power +2 % between two maintenances; vibration +25 %.',
    sources: [
      'Kent: Energy Management in Plastics Processing; Socks, ACEEE.',
      'Thiriez, Gutowski: IEEE ISEE 2006; Madan et al., MSEC2013-1222.',
      'EUROMAP 60.1; Rao, Schumacher: Design Formulas for Plastics Engineers, 2nd ed.',
    ],
    plot: ['powerKw', 'pressureBar', 'machineTempC'],
  },
});

/** Barrel temperature at an instant of the segment [°C]. */
function barrelTempC(
  s: Readonly<Values<'segmentS' | 'barrelTempC' | 'barrelLimitTempC' | 'barrelTauS'>>,
  tS: number,
): number {
  if (s.barrelTempC === s.barrelLimitTempC) return s.barrelTempC;
  return lag(s.barrelTempC, s.barrelLimitTempC, s.barrelTauS, tS - s.segmentS);
}

/** Sets the powers of the segment, and the course of the barrel temperature. */
function setPowers(s: State, p: Parameters): void {
  const isCycling = s.activity === CYCLE;
  const isServiced = s.activity === SERVICED;
  s.effortKw = p.perEffortKw * s.viscosityFactor;
  s.pumpBaseKw = isCycling ? p.pumpLossKw : s.activity === STANDBY ? p.pumpStandbyKw : 0;
  const auxiliaryKw = isCycling ? p.auxiliaryKw : STANDBY_AUXILIARY_SHARE * p.auxiliaryKw;

  const meltKw = isCycling ? s.shotKw * p.heatedShare : 0;
  const belowK = p.barrelSetTempC - s.barrelTempC;
  const holdKw = meltKw + p.barrelKwPerK * (s.barrelTempC - s.indoorTempC);
  const callKw = holdKw + p.barrelCallKwPerK * belowK;
  let heaterKw = isServiced ? 0 : clamp(callKw, 0, p.heaterKw);
  if (heaterKw === callKw) {
    s.barrelLimitTempC = p.barrelSetTempC;
    s.barrelTauS = BARREL_TAU_S;
    heaterKw = meltKw + p.barrelKwPerK * (p.barrelSetTempC - s.indoorTempC);
    s.surplusKj = belowK * (p.barrelCallKwPerK - p.barrelKwPerK) * BARREL_TAU_S;
  } else {
    s.barrelLimitTempC = s.indoorTempC + (heaterKw - meltKw) / p.barrelKwPerK;
    s.barrelTauS = COOL_DOWN_TAU_S;
    s.surplusKj = 0;
  }
  s.otherKw = isServiced ? p.serviceKw : heaterKw + auxiliaryKw;
}

/**
 * Cooling that mould and oil need [kW]: the mould takes the heat of the melt, the oil takes the
 * output of the pump motor except the work of the screw on the melt.
 */
function cooledKw(
  p: MouldingCycle &
    Values<'screwEffortFactor' | 'shotKj' | 'perEffortKw' | 'pumpLossKw' | 'pumpStandbyKw'>,
  activityShare: number,
): number {
  const meltKw = p.shotKj / p.cycleS;
  const effort = effortSeconds(p, p.screwEffortFactor, p.cycleS) / p.cycleS;
  const cyclingKw =
    PUMP_EFFICIENCY * (p.perEffortKw * effort + p.pumpLossKw) - SHEAR_SHARE * meltKw;
  const standbyKw = PUMP_EFFICIENCY * p.pumpStandbyKw;
  const oilKw = standbyKw + activityShare * (cyclingKw - standbyKw);
  return activityShare * meltKw + WATER_COOLED_SHARE * oilKw;
}

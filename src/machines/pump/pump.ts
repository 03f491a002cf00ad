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
  agedShare,
  choice,
  defineMachine,
  maintainedEvery,
  parameter,
  type Values,
} from '../../core/machine.ts';
import {
  CONTROL_POWER_FACTOR,
  controlPowerKw,
  motorEfficiencyShare,
  motorMeanLossKw,
  motorReactiveKvar,
  powerFactor,
} from '../../physics/electricity.ts';
import {
  buildPowerShare,
  FIXED_FLOW_SHARE,
  FULL_HYDRAULIC_SHARE,
  NO_LOAD,
  type PumpLoad,
  pumpFlowSum,
  pumpLoadSquareSum,
  pumpLoadSum,
  pumpShaftShare,
  setPumpLoad,
} from '../../physics/fluid.ts';
import { clamp, FORGETTING_TAUS, lag, onGrid } from '../../physics/heat.ts';
import {
  OIL_GAIN_MAX,
  OIL_TAU_S,
  oilTempC,
  WATER_COOLED_SHARE,
  WORK_SHARE,
} from '../../physics/oil.ts';
import { warmUpFactor } from '../../physics/rotation.ts';
import { HIGH_VIBRATION, unitFactor, VIBRATION_FACTOR, vibrationMmS } from '../vibration.ts';
import {
  BLOCK_S,
  BUILD,
  beginPhase,
  GOOD_SHARE,
  HOLD,
  OFF,
  planBlock,
  plannedCycles,
  RELEASE,
  SOFT_START_S,
  STANDBY,
  STARTING,
} from './control.ts';

/** Time that the plan allots to a cycle, relative to its usual length. */
const ROOM_FACTOR = 1.05;
/** Index of fixed displacement in the parameter. */
const FIXED = 1;
/** Longest segment at constant pressure, so that a fault acts soon. */
const PIECE_S = 45;
/**
 * Mean pressure of a build, as a share of full pressure; determines the leakage that the stroke
 * lacks.
 */
const BUILD_PRESSURE_SHARE = 0.55;
/** Flow of oil that is pumped again while the pressure falls, as a share of the full flow. */
const RELEASE_FLOW_SHARE = 0.22;
/** Share of the pressure that remains when the valve opens; it then falls linearly. */
const OPENED_SHARE = 0.5;
/** Pressure at which the relief valve opens, as a share of the working pressure. */
const RELIEF_SHARE = 1.1;
/** Time constant of the overshoot of a sticking valve. */
const OVERSHOOT_S = 5;
const RIPPLE = 1;
const SHAKE = 2;

/**
 * A hydraulic power unit: a pressure-compensated axial piston pump on a fixed-speed motor, and a
 * press that builds up pressure, holds it and releases it.
 *
 *     P_shaft = P_N · (1.0875 p (q + k p) + 0.045 + 0.035 p)
 *
 * with pressure p and flow q as shares of their full values, and the leakage k, which grows with
 * the oil temperature. In a build p rises linearly and q = 1 − u⁸ until the pump swivels back, so
 * power is a polynomial of time and energy is exact. A release is a drop to half the pressure and
 * a linear fall at constant flow: the same energy as a parabola times a half sine, in closed form.
 *
 * Each block of a quarter of an hour has a plan, drawn from its number: how many cycles, and when.
 * No cycle extends over the end of a block, so a state needs no history except the oil
 * temperature.
 *
 * A fixed-displacement pump always delivers its full flow: what the press does not use returns
 * over the relief valve while pressure is held, and over the unloading valve between cycles.
 *
 * Figures: Casey, Machinery Lubrication, efficiency of axial piston pumps; Helwig et al., ZeMA
 * hydraulic test rig; usual oil temperatures of 40 to 60 °C.
 */
export const pump = defineMachine({
  type: 'pump',
  title: 'Hydraulic power unit of a press, load-sensing piston pump',
  plural: 'pumps',
  intervalS: 30,
  typicalRatedPowerKw: [10, 50],

  parameters: {
    ratedPowerKw: parameter(45, [1, 400], 'Rated shaft power of the motor.'),
    meterNoiseShare: parameter(0.04, [0, 0.1], 'Largest error of the power meter, as a share.'),
    maintenanceWeeks: maintainedEvery(6),
    displacement: choice(
      ['variable', 'fixed'],
      'Displacement of the pump; a variable one swivels back under pressure.',
    ),
    setBar: parameter(180, [60, 350], 'Pressure that the unit is designed for.'),
    recipeMinShare: parameter(
      0.83,
      [0.5, 1.1],
      'Lowest working pressure of a recipe, as a share of the set pressure.',
      {
        upTo: 'recipeMaxShare',
      },
    ),
    recipeMaxShare: parameter(
      1.11,
      [0.5, 1.15],
      'Highest working pressure of a recipe, as a share of the set pressure.',
    ),
    standbyBar: parameter(22, [5, 50], 'Pressure between cycles and at the start of a build.', {
      below: 'setBar',
    }),
    standbyExcessBar: parameter(0, [0, 150], 'Excess pressure between cycles: a sticking valve.'),
    leakShare: parameter(
      0.05,
      [0.01, 0.1],
      'Leakage in the pump at set pressure and 50 °C, as a share of the full flow.',
    ),
    buildS: parameter(24, [10, 40], 'Time to build up pressure.'),
    holdS: parameter(40, [10, 300], 'Time for which the pressure is held.'),
    releaseS: parameter(8, [3, 30], 'Time to release the pressure.'),
    handlingS: parameter(12, [10, 300], 'Minimum time between two cycles.'),
    holdFlowShare: parameter(
      0.01,
      [0, 1],
      'Flow while pressure is held, as a share of the full flow.',
    ),
    standbyFlowShare: parameter(0.02, [0, 1], 'Flow between cycles, as a share of the full flow.'),
    defectShare: parameter(0.008, [0, 1], 'Share of parts that are bad despite correct pressure.'),
    wearFactor: parameter(1, [1, 10], 'Leakage in the pump, relative to a healthy pump.'),
    sealLeakShare: parameter(
      0,
      [0, 0.5],
      'Leakage at the cylinder at set pressure, as a share of the full flow.',
    ),
    holdPressureShare: parameter(1, [0.5, 1], 'Held pressure, as a share of the working pressure.'),
    overshootShare: parameter(
      0,
      [0, 0.1],
      'Overshoot above the working pressure at the start of a hold.',
    ),
    rippleShare: parameter(0, [0, 0.2], 'Largest swing of the pressure while it is held.'),
    vibrationFactor: VIBRATION_FACTOR,
  },

  derived: (p) => {
    const efficiencyShare = motorEfficiencyShare(p.ratedPowerKw);
    const missingShare = p.sealLeakShare + p.leakShare * (p.wearFactor - 1);
    const isFixed = p.displacement === FIXED;
    const fullShare = isFixed ? FIXED_FLOW_SHARE : 1;
    const strokeShare = fullShare - BUILD_PRESSURE_SHARE * Math.min(1, missingShare);
    const longBuildS = p.buildS / strokeShare;
    const plan = {
      efficiencyShare,
      ratedInputKw: p.ratedPowerKw / efficiencyShare,
      lowShare: p.standbyBar / p.setBar,
      standbyShare: (p.standbyBar + p.standbyExcessBar) / p.setBar,
      fullFlowM3h: (0.06 * 600 * FULL_HYDRAULIC_SHARE * p.ratedPowerKw) / p.setBar,
      /**
       * Flow that moves the press, as a share of the full flow, and the resulting length of the
       * build.
       */
      strokeShare,
      longBuildS,
      cutOff: isFixed ? 0 : 1,
      holdingShare: isFixed ? fullShare : p.holdFlowShare,
      restingShare: isFixed ? fullShare : p.standbyFlowShare,
      releaseShare: isFixed ? fullShare : RELEASE_FLOW_SHARE,
      serviceKw: controlPowerKw(p.ratedPowerKw),
      roomS: ROOM_FACTOR * (longBuildS + p.holdS + p.releaseS + p.handlingS),
    };
    return { ...plan, ...oilHeat(p, plan) };
  },

  wear(p, wornShare, years) {
    p.wearFactor *= 1 + 0.1 * wornShare + agedShare(0.04, years);
    p.vibrationFactor *= 1 + 0.25 * wornShare;
  },

  channels: {
    energy: ELECTRICITY,
    production: {
      ...PRODUCTION,
      recipeId: text((bar) => `P${bar}`),
      batchId: text((block) => `B${block}`),
    },
    environmental: {
      outdoorTempC: decimal(2),
      indoorTempC: decimal(2, { offset: 0.4 }),
      machineTempC: decimal(2, { offset: 0.4 }),
      outdoorHumidityPercent: decimal(2),
      pressureBar: decimal(3, { share: 0.005 }),
      flowRateM3h: decimal(3, { share: 0.03 }),
      vibrationMmS: decimal(4, { share: 0.05 }),
    },
  },

  sums: ['energyKws', 'flowS', 'productionCount', 'productionCountBad'],

  /** A block early enough for the oil temperature to forget everything before it. */
  anchorS: (_p, _site, tS) => {
    const forgettingS = (FORGETTING_TAUS * OIL_TAU_S) / (1 - OIL_GAIN_MAX);
    return Math.floor((tS - forgettingS) / BLOCK_S) * BLOCK_S;
  },

  start: (_p, site, random, tS) => ({
    // The segment: its start, its planned length, the pressure at both ends.
    segmentS: tS,
    lengthS: 0,
    fromShare: 0,
    toShare: 0,
    // Its power if constant, otherwise the load as a polynomial; flow and heat.
    steadyKw: 0,
    ...NO_LOAD,
    heatShare: 0,
    phase: OFF,
    phaseS: tS,
    phaseEndS: tS,
    /** When the motor was started. */
    onS: tS,
    // The block: its plan, and the next or current cycle.
    block: 0,
    blockEndS: tS,
    cycles: 0,
    cycle: 0,
    firstS: 0,
    pitchS: 0,
    stretch: 0,
    recipeBar: 0,
    hallTempC: 0,
    // Oil at the start of the block, its leakage factor then, and the heat since, relative to
    // rated power.
    oilFromS: tS,
    oilTempC: site.at(tS).hallTempC,
    thinning: 0,
    heatSumS: 0,
    /** Lowest pressure of the latest hold, as a share of the working pressure. */
    heldShare: 1,
    isBad: 0,
    unitFactor: unitFactor(random),
  }),

  resume(s, _p, _site, _random, before, stoppedS, tS) {
    const heatS = before.heatSumS + before.heatShare * (stoppedS - before.segmentS);
    const oilC = oilTempC(before, stoppedS, heatS);
    s.oilTempC = onGrid(lag(oilC, s.oilTempC, OIL_TAU_S, tS - stoppedS));
  },

  begin(s, p, site, random, tS) {
    s.heatSumS += s.heatShare * (tS - s.segmentS);
    if (tS >= s.blockEndS) {
      if (tS > s.oilFromS) s.oilTempC = onGrid(oilTempC(s, tS, s.heatSumS));
      s.oilFromS = tS;
      s.heatSumS = 0;
      planBlock(s, p, site, random, tS);
    }
    if (tS >= s.phaseEndS) beginPhase(s, p, random, tS);
    s.segmentS = tS;
    return fillSegment(s, p, tS);
  },

  accumulate(s, p, fromS, toS) {
    if (s.phase === STANDBY || s.phase === HOLD || s.phase === OFF) {
      s.energyKws += s.steadyKw * (toS - fromS);
      s.flowS += s.flow0 * (toS - fromS);
      return;
    }
    if (s.phase === STARTING) {
      const runUpS = ((fromS + toS) / 2 - s.phaseS) * ((toS - fromS) / SOFT_START_S);
      s.energyKws += s.steadyKw * runUpS;
      s.flowS += s.flow0 * runUpS;
      return;
    }
    const from = (fromS - s.segmentS) / s.lengthS;
    const to = (toS - s.segmentS) / s.lengthS;
    const load = (pumpLoadSum(s, to) - pumpLoadSum(s, from)) / (to - from);
    const square = (pumpLoadSquareSum(s, to) - pumpLoadSquareSum(s, from)) / (to - from);
    s.energyKws += inputKw(p, load, square) * (toS - fromS);
    s.flowS += s.lengthS * (pumpFlowSum(s, to) - pumpFlowSum(s, from));
    if (s.phase === RELEASE && toS === s.phaseEndS) {
      s.productionCount++;
      s.productionCountBad += s.isBad;
    }
  },

  report(s, p, site, random, tS, intervalS) {
    const passed = (tS - s.segmentS) / s.lengthS;
    const pressureShare = s.fromShare + (s.toShare - s.fromShare) * passed;
    s.powerKw = s.energyKws / intervalS;
    s.productionCountGood = s.productionCount - s.productionCountBad;
    s.throughputUnitsPerHour = (3600 / BLOCK_S) * s.cycles;
    const isIdle = s.phase === STANDBY || s.phase === STARTING;
    s.operatingMode = s.phase === OFF ? MAINTENANCE : isIdle ? IDLE : RUNNING;
    s.speedPercent = s.phase === OFF ? 0 : s.phase === STARTING ? 100 * passed : 100;
    s.recipeId = s.recipeBar;
    s.batchId = s.block;
    s.indoorTempC = site.at(tS).hallTempC;
    s.machineTempC = oilTempC(s, tS, s.heatSumS + s.heatShare * (tS - s.segmentS));
    s.pressureBar = pressureShare * p.setBar;
    if (s.phase === HOLD && p.rippleShare > 0) {
      const swing = clamp(random.smooth(RIPPLE, 4, tS) / 3, -1, 1);
      const overshootShare = p.overshootShare * Math.exp((s.phaseS - tS) / OVERSHOOT_S);
      const factor = 1 + p.rippleShare * swing + overshootShare;
      s.pressureBar = Math.min(RELIEF_SHARE * s.recipeBar, s.pressureBar * factor);
    }
    s.flowRateM3h = (p.fullFlowM3h * s.flowS) / intervalS;
    const healthyMmS = s.phase === OFF ? 0 : 1.8 + 1.2 * pressureShare;
    const ownMmS = healthyMmS * s.unitFactor * p.vibrationFactor;
    s.vibrationMmS = vibrationMmS(ownMmS, random, SHAKE, tS);
  },

  powerFactor: (s, p, powerKw) =>
    s.phase === OFF
      ? CONTROL_POWER_FACTOR
      : powerFactor(powerKw, motorReactiveKvar(powerKw, p.ratedInputKw)),

  /** Cooling of the oil: the heat of a healthy unit, between cycles and in them. */
  uses: {
    chilledWater: (p, activityShare) =>
      WATER_COOLED_SHARE * (p.standbyHeatKw + (activityShare * p.cycleHeatKj) / p.roomS),
  },

  /** The part of the block in which it makes parts. */
  activityShare: (p, site, random, tS) => {
    const block = Math.floor(tS / BLOCK_S);
    const { load } = site.at(block * BLOCK_S);
    return (plannedCycles(p, load, random, block) * p.roomS) / BLOCK_S;
  },

  faults: {
    seal_leak: {
      onset: 'step',
      about: 'A leaking cylinder seal: longer builds, low pressure and high power during holds.',
      signals: [
        ...['powerKw', 'pressureBar', 'productionCountBad', 'machineTempC', 'flowRateM3h'],
        'throughputUnitsPerHour',
      ],
      apply(p, x) {
        p.sealLeakShare += 0.25 * x;
        p.holdPressureShare *= 1 - 0.1 * x;
      },
    },
    pump_wear: {
      onset: 'ramp',
      about: 'A worn pump with internal leakage: more power, hotter oil, longer builds, vibration.',
      signals: ['powerKw', 'machineTempC', 'vibrationMmS', 'flowRateM3h', 'throughputUnitsPerHour'],
      apply(p, x) {
        p.wearFactor *= 1 + 5 * x;
        p.vibrationFactor *= 1 + 1.5 * x;
      },
    },
    valve_fault: {
      onset: 'step',
      about: 'A sticking valve: pressure swings during holds and stays high between cycles.',
      signals: ['pressureBar', 'powerKw', 'flowRateM3h', 'machineTempC'],
      apply(p, x) {
        p.standbyExcessBar += 0.3 * (p.setBar - p.standbyBar) * x;
        p.standbyFlowShare += 0.12 * x;
        p.holdFlowShare += 0.1 * x;
        p.rippleShare += 0.12 * x;
        p.overshootShare += 0.08 * x;
      },
    },
  },

  alerts: {
    HIGH_VIBRATION: {
      ...HIGH_VIBRATION,
      signal: 'vibration while pressure is held [mm/s]',
      value: (s) => (s.phase === HOLD || s.phase === OFF ? s.vibrationMmS : Number.NaN),
    },
    HIGH_OIL_TEMPERATURE: {
      message: 'Oil is hot',
      signal: 'oil temperature [°C]',
      limits: [62, 70],
      band: 2,
      value: (s) => s.machineTempC,
    },
    LOW_PRESSURE: {
      message: 'Working pressure is not held',
      signal: 'pressure of the last hold as a share of the working pressure',
      limits: [GOOD_SHARE, 0.92],
      band: 0.01,
      value: (s) => s.heldShare,
    },
  },

  profile: {
    states: [
      '`running`: pressure is built up (24 s), held (40 s) and released (8 s).',
      '`idle`: between cycles at stand-by pressure, with the motor on.',
      'Start: a soft starter needs 10 s; at first, cold parts add 8 % friction.',
      'The current cycle ends before a maintenance; then the motor is off.',
      'The oil cooler uses chilled water if the factory has such a network.',
    ],
    relevantVariables: [
      'Parts (`production_count`): most energy of a cycle goes into its build and its hold.',
      'Working pressure of the recipe (`recipe_id`).',
      'Hours with the motor on: stand-by uses 8 % of the rated power.',
    ],
    staticFactors: ['Variable or fixed displacement, hold time, stand-by pressure, oil cooler.'],
    wear: 'Leakage +10 % between two maintenances, +4 % per year; vibration +25 %.',
    sources: [
      'Casey, Machinery Lubrication: efficiency of axial piston pumps.',
      'Fluid Power Journal: definitions of efficiency.',
      'Helwig et al., ZeMA: hydraulic test rig (UCI, condition monitoring of hydraulic systems).',
    ],
    plot: ['powerKw', 'pressureBar', 'flowRateM3h'],
  },
});

type State = PumpLoad &
  Values<
    | ('lengthS' | 'fromShare' | 'toShare' | 'steadyKw' | 'heatShare' | 'heldShare')
    | ('phase' | 'phaseEndS' | 'onS' | 'recipeBar' | 'thinning')
  >;
type Parameters = Values<
  | ('ratedPowerKw' | 'efficiencyShare' | 'setBar' | 'leakShare' | 'wearFactor' | 'sealLeakShare')
  | ('strokeShare' | 'lowShare' | 'standbyShare' | 'restingShare' | 'holdPressureShare')
  | ('holdingShare' | 'releaseShare' | 'cutOff' | 'serviceKw')
>;

/** Sets pressure, power, flow and heat of the new segment, and returns its end. */
function fillSegment(s: State, p: Parameters, tS: number): number {
  // No more than the pump displaces.
  const leakShare = Math.min(1, p.leakShare * p.wearFactor * s.thinning);
  const workingShare = (s.recipeBar / p.setBar) * p.holdPressureShare;
  const drag = warmUpFactor(tS - s.onS);
  const { phase } = s;
  let endS = s.phaseEndS;
  if (phase === OFF) {
    s.fromShare = 0;
    s.toShare = 0;
    s.steadyKw = p.serviceKw;
    s.flow0 = 0;
    s.heatShare = 0;
    endS = Math.min(endS, tS + PIECE_S);
  } else if (phase === STANDBY || phase === STARTING) {
    fillSteady(s, p, p.standbyShare, p.restingShare, leakShare, 0, drag);
    if (phase === STARTING) {
      s.fromShare = 0;
      s.heatShare /= 2;
    }
    endS = Math.min(endS, tS + PIECE_S);
  } else if (phase === HOLD) {
    fillSteady(s, p, workingShare, p.holdingShare, leakShare, p.sealLeakShare, drag);
    endS = Math.min(endS, tS + PIECE_S);
    s.heldShare = Math.min(s.heldShare, p.holdPressureShare);
  } else if (phase === BUILD) {
    const { lowShare, strokeShare, sealLeakShare, cutOff } = p;
    s.fromShare = lowShare;
    s.toShare = workingShare;
    setPumpLoad(s, lowShare, workingShare, strokeShare, leakShare, sealLeakShare, cutOff, drag);
    const pressed = buildPowerShare(lowShare, workingShare, strokeShare, sealLeakShare, cutOff);
    s.heatShare = pumpLoadSum(s, 1) - WORK_SHARE * pressed;
  } else {
    s.fromShare = OPENED_SHARE * workingShare;
    s.toShare = p.lowShare;
    setPumpLoad(s, s.fromShare, s.toShare, p.releaseShare, leakShare, 0, 0, drag);
    s.heatShare = pumpLoadSum(s, 1);
  }
  s.lengthS = endS - tS;
  return endS;
}

/** A segment at constant pressure: all power becomes heat. */
function fillSteady(
  s: State,
  p: Parameters,
  pressureShare: number,
  flowShare: number,
  leakShare: number,
  sealLeakShare: number,
  drag: number,
): void {
  const load = pumpShaftShare(pressureShare, flowShare, leakShare + sealLeakShare, drag);
  s.fromShare = pressureShare;
  s.toShare = pressureShare;
  s.steadyKw = inputKw(p, load, load * load);
  s.flow0 = flowShare + sealLeakShare * pressureShare;
  s.heatShare = load;
}

/** Input of the motor, from the mean and the mean square of its load [kW]. */
function inputKw(
  p: Values<'ratedPowerKw' | 'efficiencyShare'>,
  load: number,
  square: number,
): number {
  return p.ratedPowerKw * load + motorMeanLossKw(p.ratedPowerKw, p.efficiencyShare, square);
}

/**
 * Oil heat of a unit between cycles [kW], and what a cycle at set pressure adds to it [kJ]: all
 * power of its pump, except the work of the press.
 */
function oilHeat(
  p: Values<'ratedPowerKw' | 'leakShare' | 'wearFactor' | 'sealLeakShare' | 'holdS' | 'releaseS'>,
  plan: Values<
    | ('lowShare' | 'standbyShare' | 'strokeShare' | 'longBuildS' | 'cutOff')
    | ('holdingShare' | 'restingShare' | 'releaseShare')
  >,
): Values<'standbyHeatKw' | 'cycleHeatKj'> {
  const { lowShare, strokeShare, cutOff } = plan;
  const { sealLeakShare } = p;
  const leakShare = Math.min(1, p.leakShare * p.wearFactor);
  const standby = pumpShaftShare(plan.standbyShare, plan.restingShare, leakShare);
  const hold = pumpShaftShare(1, plan.holdingShare, leakShare + sealLeakShare);
  const load: PumpLoad = { ...NO_LOAD };
  setPumpLoad(load, lowShare, 1, strokeShare, leakShare, sealLeakShare, cutOff);
  const pressed = buildPowerShare(lowShare, 1, strokeShare, sealLeakShare, cutOff);
  const build = pumpLoadSum(load, 1) - WORK_SHARE * pressed;
  setPumpLoad(load, OPENED_SHARE, lowShare, plan.releaseShare, leakShare, 0, 0);
  const release = pumpLoadSum(load, 1);
  return {
    standbyHeatKw: p.ratedPowerKw * standby,
    cycleHeatKj:
      p.ratedPowerKw *
      ((build - standby) * plan.longBuildS +
        (hold - standby) * p.holdS +
        (release - standby) * p.releaseS),
  };
}

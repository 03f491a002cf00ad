import { decimal, ELECTRICITY, IDLE, MAINTENANCE, PRODUCTION, RUNNING } from '../../core/field.ts';
import {
  agedShare,
  defineMachine,
  maintainedEvery,
  parameter,
  untilMaintenanceS,
  type Values,
} from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import type { Site } from '../../core/site.ts';
import {
  carnotCop,
  chillerCapacityShare,
  condensingTempC,
  coolingCallShare,
  economiserMostKw,
  fanPowerShare,
  solarShare,
  waterFlowM3h,
  zoneTempC,
} from '../../physics/cooling.ts';
import {
  CONTROL_POWER_FACTOR,
  controlPowerKw,
  motorReactiveKvar,
  powerFactor,
} from '../../physics/electricity.ts';
import { clamp, FORGETTING_TAUS, lag, onGrid } from '../../physics/heat.ts';
import { vapourPressure } from '../../site/weather.ts';
import { HIGH_VIBRATION, unitFactor, VIBRATION_FACTOR, vibrationMmS } from '../vibration.ts';

const DAY_S = 86_400;
/** Longest segment: within a window, faults act on the efficiency after this at the latest. */
const SEGMENT_MAX_S = 60;
/** Split of the rated power: chiller with condenser fans, fan of the air handler, pump. */
const CHILLER_SHARE = 0.78;
const FAN_SHARE = 0.15;
const PUMP_SHARE = 0.07;
/** Power of controls and crankcase heaters, in addition to the rated power. */
const CONTROL_SHARE = 0.012;
/** COP at 35 °C outdoors and 7 °C water, used to size the chiller. */
const RATED_COP = 2.95;

/** Time after a maintenance within which the loop is cold again. */
const LOOP_READY_S = 7200;
/** Time constant with which the loop warms up when nothing runs. */
const LOOP_TAU_S = 86_400;
/** Heat that pump and pipes add to the loop, as a share of the rated cooling. */
const PIPE_SHARE = 0.005;
/** Cooling that air at full flow carries per kelvin, as a share of the rated cooling. */
const AIR_SHARE_PER_K = 0.1;
/** Load above which the set-back ends and comfort counts. */
const OCCUPIED_LOAD = 0.4;
const COMFORT_LOAD = 0.5;
const COMFORT_K = 1.5;
/**
 * Design temperature difference of the loop, its static pressure, and the pressure rise of the
 * pump.
 */
const WATER_K = 5;
const STATIC_BAR = 1.5;
const PUMP_BAR = 3.5;
/**
 * Time constants with which the condenser responds to its fans, and cools down without a stage.
 */
const CONDENSER_RUN_TAU_S = 120;
const CONDENSER_REST_TAU_S = 600;

/** The controller decides at every multiple of this. */
const WINDOW_S = 600;
/** Shortest time that a stage runs or stays off. */
const STAGE_LEAST_S = 120;
/** Every 72nd window, at 03:00 and 15:00 UTC, brings the loop exactly to its set point. */
const TRIM_WINDOWS = 72;
const TRIM_WINDOW = 18;
/** A trimmed loop has forgotten any start up to this far above its set point. */
const TRIM_K = 0.5;
/** Heat capacity of the loop water and its buffer [kJ/K per kW of rated cooling]. */
const LOOP_KJ_PER_K = 150;

/** Losses per kelvin and rated cooling: through walls, and by ventilation [kW/kW]. */
const LOSS_SHARE = 0.01 + 0.006;
/** Heat capacity of the building and its contents [kJ/K per kW of rated cooling]. */
const ZONE_KJ_PER_K = 0.2 * 3600;
/** Time constant with which the zone approaches its limit. */
const ZONE_TAU_S = ZONE_KJ_PER_K / LOSS_SHARE;
/** The gas heating, which is not metered here, keeps the zone at least at this temperature. */
const HEATED_C = 19;
/** Warmest zone to assume when its past is unknown. */
const WARMEST_C = 30;
/**
 * If more than this share of the water's cooling is requested, an unknown past may have lacked
 * cooling.
 */
const UNSURE_SHARE = 0.9;

const GAINS = 0;
const SHAKE = 1;
const STAGE_LOSS = 80;

const parameters = {
  ratedPowerKw: parameter(150, [5, 1000], 'Power of chiller, fan and pump at full load and 35 °C.'),
  maintenanceWeeks: maintainedEvery(8),
  setpointTempC: parameter(22, [16, 28], 'Set point of the zone while production is above 40 %.', {
    upTo: 'setbackTempC',
  }),
  setbackTempC: parameter(24, [16, 30], 'Set point of the zone at other times.'),
  waterSetpointTempC: parameter(7, [5, 12], 'Set point of the chilled water.'),
  exergyShare: parameter(0.5, [0.3, 0.65], 'COP relative to that of an ideal machine.'),
  internalGainShare: parameter(
    0.4,
    [0, 1],
    'Heat from people and machines, as a share of the rated cooling.',
  ),
  solarGainShare: parameter(0.15, [0, 0.6], 'Peak solar heat, as a share of the rated cooling.'),
  processShare: parameter(
    0.08,
    [0, 0.5],
    'Chilled water for processes at full production, as a share of the rated cooling.',
  ),
  capacityFactor: parameter(1, [0.2, 1], 'Capacity of a stage, relative to a healthy one.'),
  copFactor: parameter(1, [0.3, 1], 'COP, relative to a healthy chiller.'),
  approachFactor: parameter(1, [1, 3], 'Condenser approach, relative to clean coils.'),
  fanFactor: parameter(1, [1, 1.5], 'Fan power, relative to clean coils.'),
  stageLossShare: parameter(
    0,
    [0, 1],
    'Share of ten-minute windows in which a stage does not start.',
  ),
  secondLossShare: parameter(
    0,
    [0, 1],
    'Share of ten-minute windows in which a second stage does not start.',
  ),
  vibrationFactor: VIBRATION_FACTOR,
};

function derived(p: Values<keyof typeof parameters>) {
  const refKw = CHILLER_SHARE * p.ratedPowerKw * RATED_COP;
  const stages = p.ratedPowerKw < 60 ? 3 : 4;
  return {
    /** Cooling at 35 °C outdoors and 7 °C water. */
    refKw,
    stages,
    fanKw: FAN_SHARE * p.ratedPowerKw * p.fanFactor,
    pumpKw: PUMP_SHARE * p.ratedPowerKw,
    controlKw: CONTROL_SHARE * p.ratedPowerKw,
    serviceKw: controlPowerKw(p.ratedPowerKw),
    stageRatedKw: (CHILLER_SHARE * p.ratedPowerKw) / stages,
    /** All motors except the chiller's. */
    auxiliaryKw: (FAN_SHARE + PUMP_SHARE) * p.ratedPowerKw,
    waterFlowM3h: waterFlowM3h(refKw, WATER_K),
  };
}

function start(_p: object, site: Site, random: Random, tS: number) {
  const { hallTempC, outdoorTempC } = site.at(tS);
  const startTempC = onGrid(clamp(hallTempC, HEATED_C + 1e-3, WARMEST_C));
  return {
    startedS: tS,
    segmentS: tS,
    // The window: what the controller saw at its start, and its decision.
    windowS: tS,
    windowEndS: tS,
    onEndS: tS,
    fullStages: 0,
    outdoorTempC,
    setpointTempC: 0,
    windowLoopTempC: 0,
    stageKw: 0,
    fanShare: 0,
    /** Heat into the loop, and the share of it from processes. */
    loopGainKw: 0,
    processKw: 0,
    waterWarmingK: 0,
    isPumping: 0,
    isServiced: 0,
    servicedS: tS - LOOP_READY_S,
    isUncomfortable: 0,
    supplyDropK: 0,
    humidityPercent: 0,
    // The zone at the start of the window, and its limit.
    zoneTempC: startTempC,
    zoneLimitTempC: startTempC,
    // The same for the coldest and the hottest possible past.
    coldestTempC: HEATED_C,
    coldestLimitTempC: HEATED_C,
    hottestTempC: WARMEST_C,
    hottestLimitTempC: WARMEST_C,
    settledS: Number.POSITIVE_INFINITY,
    isSettled: 0,
    // The segment.
    stagesOn: 0,
    evaporatorKw: 0,
    compressorKw: 0,
    segmentKw: 0,
    loopTempC: 7.25,
    loopKPerS: 0,
    condensingTempC: outdoorTempC,
    condensingLimitTempC: outdoorTempC,
    condensingTauS: CONDENSER_REST_TAU_S,
    /** Cooling since the day (UTC) began, at the start of the segment. */
    coolingKwh: 0,
    unitFactor: unitFactor(random),
    // What the power factor needs.
    compressorMeanKw: 0,
    stagesMean: 0,
  };
}

type Parameters = Values<
  | (keyof typeof parameters | keyof ReturnType<typeof derived>)
  | ('maintenanceFromS' | 'maintenanceUntilS')
>;
type State = ReturnType<typeof start>;

/**
 * A building's air conditioning: an air-cooled chiller of three or four stages, chilled-water
 * loop, air handler with economiser, and the zone that it cools.
 *
 * Every ten minutes the controller evaluates zone and loop. It decides how many stages run for the
 * whole window, and for how long one more runs, so that the loop ends at its set point (dead
 * beat). Weather and gains are constant for that time, in which the zone follows
 *
 *     C dT/dt = (UA + vent) (T_out − T) + Q_internal + Q_solar − Q_coil − Q_economiser
 *
 * exactly and the loop C_w dT/dt = Q_coil + Q_process + Q_pipes − Q_evaporator piecewise linearly.
 * COP = η · T_e / (T_c − T_e), with a condenser approach that grows with the running stages.
 *
 * Stages have minimum times: one that would run for under two minutes does not start, and one that
 * would pause for under two minutes pauses for that long. So the loop is never too cold, and the
 * next window makes up for any shortfall. Twice a day the loop is trimmed regardless of the
 * minimum times; there the loops of all histories meet. Their zones meet on the proportional band
 * or at the lower limit of the heating: a reader that begins in the middle carries the coldest and
 * the hottest possible zone along until they have become one.
 *
 * A unit of production is a kilowatt-hour of cooling; `pressure_bar` is the outlet pressure of the
 * chilled-water pump; `machine_temp_c` is the condensing temperature.
 *
 * Figures: EnergyPlus, datasets/AirCooledChiller.idf; AHRI 551/591; Kim, Braun, Int. J.
 * Refrigeration 35 (2012), on refrigerant charge.
 */
export const hvac = defineMachine({
  type: 'hvac',
  title: 'Air conditioning: staged chiller, air handler with economiser, zone',
  plural: 'HVAC units',
  intervalS: 10,
  typicalRatedPowerKw: [20, 150],
  parameters,
  derived,

  wear(p, wornShare, years) {
    p.approachFactor *= 1 + 0.15 * wornShare + agedShare(0.01, years);
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
      pressureBar: decimal(3, { share: 0.005 }),
      flowRateM3h: decimal(3, { share: 0.03 }),
      supplyAirTempC: decimal(2, { offset: 0.4 }),
      returnAirTempC: decimal(2, { offset: 0.4 }),
      chilledWaterSupplyTempC: decimal(2, { offset: 0.4 }),
      chilledWaterReturnTempC: decimal(2, { offset: 0.4 }),
      cop: decimal(2, { share: 0.007 }),
      vibrationMmS: decimal(4, { share: 0.05 }),
    },
  },

  sums: [
    'energyKws',
    'compressorKws',
    'evaporatorKws',
    'stageS',
    'productionCount',
    'productionCountBad',
  ],

  /** A midnight (UTC), when the count of cooling begins, at least a day before the last one. */
  anchorS: (_p, _site, tS, attempt) =>
    (Math.floor((tS - 1) / DAY_S) - (1 << Math.min(attempt, 6))) * DAY_S,

  start,

  /**
   * The zone and the loop drift to the hall temperature, the condenser to the outdoor temperature.
   */
  resume(s, _p, site, _random, before, stoppedS, tS) {
    const offS = tS - stoppedS;
    const inSegmentS = stoppedS - before.segmentS;
    const zoneC = zoneTempAt(before, stoppedS);
    s.zoneTempC = onGrid(lag(zoneC, s.zoneTempC, ZONE_TAU_S, offS));
    s.zoneLimitTempC = s.zoneTempC;
    const loopC = before.loopTempC + before.loopKPerS * inSegmentS;
    s.loopTempC = onGrid(lag(loopC, site.at(tS).hallTempC, LOOP_TAU_S, offS));
    const { condensingTempC: hotC, condensingLimitTempC: limitC, condensingTauS } = before;
    const condenserC = lag(hotC, limitC, condensingTauS, inSegmentS);
    s.condensingTempC = onGrid(lag(condenserC, s.outdoorTempC, CONDENSER_REST_TAU_S, offS));
  },

  begin(s, p, site, random, tS) {
    const dtS = tS - s.segmentS;
    s.loopTempC += s.loopKPerS * dtS;
    s.coolingKwh += (s.evaporatorKw * dtS) / 3600;
    s.condensingTempC = lag(s.condensingTempC, s.condensingLimitTempC, s.condensingTauS, dtS);
    s.segmentS = tS;
    if (tS >= s.windowEndS) {
      endWindow(s, tS);
      beginWindow(s, p, site, random, tS);
    }
    const isExtraOn = tS < s.onEndS;
    const stages = isExtraOn ? s.fullStages + 1 : s.fullStages;
    s.stagesOn = stages;
    s.evaporatorKw = stages * s.stageKw;
    if (stages > 0) {
      const hotTempC = condensingTempC(s.outdoorTempC, stages / p.stages, p.approachFactor);
      const cop = p.copFactor * p.exergyShare * carnotCop(s.windowLoopTempC, hotTempC);
      s.compressorKw = s.evaporatorKw / cop;
      s.condensingLimitTempC = hotTempC;
      s.condensingTauS = CONDENSER_RUN_TAU_S;
    } else {
      s.compressorKw = 0;
      s.condensingLimitTempC = s.outdoorTempC;
      s.condensingTauS = CONDENSER_REST_TAU_S;
    }
    const fanKw = s.fanShare * p.fanKw;
    s.segmentKw = s.isServiced
      ? p.serviceKw
      : s.compressorKw + fanKw + s.isPumping * p.pumpKw + p.controlKw;
    s.loopKPerS = (s.loopGainKw - s.evaporatorKw) / (LOOP_KJ_PER_K * p.refKw);
    return Math.min(tS + SEGMENT_MAX_S, isExtraOn ? s.onEndS : s.windowEndS);
  },

  accumulate(s, _p, fromS, toS) {
    const lengthS = toS - fromS;
    s.energyKws += s.segmentKw * lengthS;
    if (s.stagesOn === 0) return;
    s.compressorKws += s.compressorKw * lengthS;
    s.evaporatorKws += s.evaporatorKw * lengthS;
    s.stageS += s.stagesOn * lengthS;
    const perS = s.evaporatorKw / 3600;
    const before = Math.floor(s.coolingKwh + perS * (fromS - s.segmentS));
    const count = Math.floor(s.coolingKwh + perS * (toS - s.segmentS)) - before;
    s.productionCount += count;
    if (s.isUncomfortable) s.productionCountBad += count;
  },

  report(s, p, _site, random, tS, intervalS) {
    const inSegmentS = tS - s.segmentS;
    s.powerKw = s.energyKws / intervalS;
    s.compressorMeanKw = s.compressorKws / intervalS;
    s.stagesMean = s.stageS / intervalS;
    s.productionCountGood = s.productionCount - s.productionCountBad;
    s.throughputUnitsPerHour = s.evaporatorKws / intervalS;
    s.operatingMode = s.isServiced ? MAINTENANCE : s.stageS > 0 ? RUNNING : IDLE;
    s.speedPercent = (100 * s.stagesMean) / p.stages;
    s.indoorTempC = zoneTempAt(s, tS);
    s.machineTempC = lag(s.condensingTempC, s.condensingLimitTempC, s.condensingTauS, inSegmentS);
    s.indoorHumidityPercent = s.humidityPercent;
    s.pressureBar = STATIC_BAR + s.isPumping * PUMP_BAR;
    s.flowRateM3h = s.isPumping * p.waterFlowM3h;
    s.returnAirTempC = s.indoorTempC + 0.5;
    s.supplyAirTempC = s.returnAirTempC - s.supplyDropK;
    s.chilledWaterSupplyTempC = s.loopTempC + s.loopKPerS * inSegmentS;
    s.chilledWaterReturnTempC = s.chilledWaterSupplyTempC + s.waterWarmingK;
    s.cop = s.stageS > 0 ? s.evaporatorKws / s.compressorKws : Number.NaN;
    const healthyMmS = s.isServiced ? 0 : 1 + (0.5 * s.stagesOn) / p.stages;
    const ownMmS = healthyMmS * s.unitFactor * p.vibrationFactor;
    s.vibrationMmS = vibrationMmS(ownMmS, random, SHAKE, tS);
  },

  /** The running stages as separate motors, everything else as one. */
  powerFactor(s, p, powerKw) {
    if (s.isServiced) return CONTROL_POWER_FACTOR;
    const stages = Math.max(1e-9, s.stagesMean);
    const chillerKvar = stages * motorReactiveKvar(s.compressorMeanKw / stages, p.stageRatedKw);
    const auxiliaryKw = Math.max(0, powerKw - s.compressorMeanKw);
    return powerFactor(powerKw, chillerKvar + motorReactiveKvar(auxiliaryKw, p.auxiliaryKw));
  },

  isSettled: (s) => s.isSettled === 1,
  supply: { network: 'chilledWater', capacity: (p) => p.refKw / 2, instead: { processShare: 0 } },

  faults: {
    refrigerant_leak: {
      onset: 'ramp',
      about: 'A loss of refrigerant: less capacity, and more power for the same cooling.',
      signals: ['cop', 'powerKw', 'chilledWaterSupplyTempC', 'indoorTempC'],
      apply(p, x) {
        const lostShare = 0.4 * x;
        p.capacityFactor *= 1 - 0.8 * lostShare;
        p.copFactor *= 1 - 0.6 * lostShare;
      },
    },
    dirty_coils: {
      onset: 'ramp',
      about: 'Fouled coils: the condenser runs hotter, the fan works harder.',
      signals: ['machineTempC', 'cop', 'powerKw'],
      apply(p, x) {
        p.approachFactor *= 1 + x;
        p.fanFactor *= 1 + 0.1 * x;
      },
    },
    compressor_fault: {
      onset: 'step',
      about: 'A failing compressor: stages that do not start, lower efficiency, vibration.',
      signals: ['vibrationMmS', 'cop', 'chilledWaterSupplyTempC', 'indoorTempC', 'powerKw'],
      apply(p, x) {
        if (x > 0) p.stageLossShare = Math.max(p.stageLossShare, 0.3 + 0.7 * x);
        if (x >= 0.6) p.secondLossShare = Math.max(p.secondLossShare, x - 0.3);
        p.copFactor /= 1 + 0.25 * x;
        p.vibrationFactor *= 1 + 2 * x;
      },
    },
  },

  alerts: {
    HIGH_VIBRATION,
    ZONE_TOO_WARM: {
      message: 'The zone is too warm',
      signal: 'zone above its set point [K]',
      limits: [2.5, 4],
      band: 0.5,
      value: (s) => (s.isServiced ? 0 : s.indoorTempC - s.setpointTempC),
    },
    CHILLED_WATER_WARM: {
      message: 'Chilled water is too warm',
      signal: 'chilled water above its set point [K]',
      limits: [1.5, 3],
      band: 0.5,
      value: (s, p) => (s.isServiced ? 0 : s.chilledWaterSupplyTempC - p.waterSetpointTempC),
    },
    HIGH_CONDENSING_TEMPERATURE: {
      message: 'Condensing temperature is high',
      signal: 'condensing temperature [°C]',
      limits: [62, 70],
      band: 3,
      value: (s) => s.machineTempC,
    },
  },

  profile: {
    states: [
      '`running`: at least one stage is on; the controller decides every ten minutes.',
      '`idle`: fan and controls only, or cooling with outdoor air.',
      'A stage runs or pauses for at least two minutes; starts stay below six per hour.',
      'During maintenance nothing cools: the zone temperature drifts.',
    ],
    relevantVariables: [
      'Outdoor temperature: determines load, COP and the use of the economiser.',
      'Production (shift): heat from people and machines, chilled water for processes.',
      'Sun.',
    ],
    staticFactors: [
      'Set points, internal heat, process cooling, clean coils, size of the chiller.',
    ],
    wear: 'Condenser approach +15 % between two maintenances, +1 % per year; vibration +25 %.',
    sources: [
      'EnergyPlus: datasets/AirCooledChiller.idf; Engineering Reference, electric EIR chiller.',
      'AHRI 551/591: IPLV.',
      'Kim, Braun: Int. J. Refrigeration 35 (2012): refrigerant charge.',
      'Modelica Buildings Library: Fluid.Chillers.',
    ],
    plot: ['powerKw', 'chilledWaterSupplyTempC', 'indoorTempC'],
  },
});

/** Records what the controller sees at the start of a window, and decides. */
function beginWindow(s: State, p: Parameters, site: Site, random: Random, tS: number): void {
  const index = Math.floor(tS / WINDOW_S);
  const { load, outdoorTempC, dewPointC, solarHour, cloudShare, summerShare } = site.at(tS);
  const isOccupied = load >= OCCUPIED_LOAD;
  s.windowS = tS;
  s.isServiced = tS >= p.maintenanceFromS ? 1 : 0;
  s.windowEndS = untilMaintenanceS(p, tS, (index + 1) * WINDOW_S);
  s.windowLoopTempC = s.loopTempC;
  s.outdoorTempC = outdoorTempC;
  s.setpointTempC = isOccupied ? p.setpointTempC : p.setbackTempC;

  const callShare = s.isServiced ? 0 : coolingCallShare(s.zoneTempC, s.setpointTempC);
  const flowShare = isOccupied ? 0.6 + 0.4 * callShare : 0.5 + 0.5 * callShare;
  const airKwPerK = AIR_SHARE_PER_K * p.refKw * flowShare;
  const freeMostKw = economiserMostKw(s.zoneTempC, outdoorTempC, airKwPerK);
  const freeKw = Math.min(callShare * p.refKw, freeMostKw);
  const coilCallKw = callShare * p.refKw - freeKw;
  const processKw = s.isServiced ? 0 : p.processShare * p.refKw * load + site.demand(tS);

  s.stageKw =
    (p.refKw / p.stages) * chillerCapacityShare(outdoorTempC, s.loopTempC) * p.capacityFactor;
  const stagesReady = s.isServiced ? 0 : p.stages - stagesLost(p, random, index);
  const waterMostKw = 1.02 * stagesReady * s.stageKw * Math.max(0, 1 - (s.loopTempC - 9) / 8);
  const waterCallKw = coilCallKw + processKw;
  const waterKw = Math.min(waterCallKw, waterMostKw);
  const coilKw = waterCallKw > 0 ? (coilCallKw * waterKw) / waterCallKw : 0;
  s.processKw = waterKw - coilKw;
  const variation = 1 + 0.06 * random.smooth(GAINS, 3600, tS);
  const internalShare = p.internalGainShare * (0.2 + 0.8 * load) * variation;
  const sunShare = p.solarGainShare * solarShare(solarHour, cloudShare, summerShare);
  const gainsKw = p.refKw * (internalShare + sunShare);
  const lossKwPerK = LOSS_SHARE * p.refKw;
  // Before a zone in maintenance gets too warm, its doors are opened.
  const openedTempC = s.isServiced ? WARMEST_C : Infinity;
  const idleLimitTempC = Math.min(openedTempC, outdoorTempC + gainsKw / lossKwPerK);
  s.zoneLimitTempC = idleLimitTempC - (coilKw + freeKw) / lossKwPerK;

  s.loopGainKw = waterKw + PIPE_SHARE * p.refKw;
  const isTrimmed = stagePlan(s, p, tS, stagesReady, isTrimWindow(index));
  s.isPumping = waterKw > 0 || s.fullStages > 0 || s.onEndS > tS ? 1 : 0;
  s.isUncomfortable =
    load >= COMFORT_LOAD && Math.abs(s.zoneTempC - s.setpointTempC) > COMFORT_K ? 1 : 0;
  s.fanShare = fanPowerShare(flowShare);
  s.waterWarmingK = (WATER_K * waterKw) / p.refKw;
  s.supplyDropK = (coilKw + freeKw) / airKwPerK;
  const coilDewPointC = s.zoneTempC + 0.5 - s.supplyDropK - 1;
  const airDewC = coilKw > 0 ? Math.min(dewPointC + 1, coilDewPointC) : dewPointC + 1;
  s.humidityPercent = clamp((100 * vapourPressure(airDewC)) / vapourPressure(s.zoneTempC), 25, 70);

  if (s.settledS < Number.POSITIVE_INFINITY) return;
  const mostKw = Math.max(coilKw + freeKw, freeKw + waterMostKw - processKw);
  followPasts(s, p, mostKw, idleLimitTempC, waterCallKw > UNSURE_SHARE * waterMostKw);
  if (s.isServiced) s.servicedS = s.windowEndS;
  const isReady = tS - s.servicedS >= LOOP_READY_S;
  if (isReady && isTrimmed && s.coldestTempC === s.hottestTempC && s.zoneTempC === s.coldestTempC)
    s.settledS = s.windowEndS;
}

/** Whether a window is one of those that trim the loop. */
function isTrimWindow(index: number): boolean {
  return index % TRIM_WINDOWS === TRIM_WINDOW;
}

/**
 * Stages for the whole window and for its first part, and whether any loop would end at its set
 * point.
 */
function stagePlan(s: State, p: Parameters, tS: number, ready: number, isTrim: boolean): boolean {
  const lengthS = s.windowEndS - tS;
  const loopKjPerK = LOOP_KJ_PER_K * p.refKw;
  const dutyKw = s.loopGainKw + (loopKjPerK * (s.loopTempC - p.waterSetpointTempC)) / lengthS;
  const stages = clamp(dutyKw / s.stageKw, 0, ready);
  s.fullStages = Math.floor(stages);
  let onS = (stages - s.fullStages) * lengthS;
  if (!isTrim) onS = onS < STAGE_LEAST_S ? 0 : Math.min(onS, lengthS - STAGE_LEAST_S);
  s.onEndS = tS + onS;
  const spareKw = ready * s.stageKw - dutyKw;
  return isTrim && dutyKw > 0 && spareKw > (TRIM_K * loopKjPerK) / lengthS;
}

/** Stages that do not start in a window because of a fault. */
function stagesLost(p: Parameters, random: Random, index: number): number {
  if (p.stageLossShare === 0) return 0;
  const chance = random.uniform(STAGE_LOSS, index);
  return (chance < p.stageLossShare ? 1 : 0) + (chance < p.secondLossShare ? 1 : 0);
}

/** Zone temperature at an instant of the window [°C]. */
function zoneTempAt(s: Readonly<State>, tS: number): number {
  const leftShare = Math.exp(-(tS - s.windowS) / ZONE_TAU_S);
  return zoneTempC(s.zoneTempC, s.zoneLimitTempC, leftShare, HEATED_C);
}

/**
 * Advances all slow quantities to the end of the window, and notes which have forgotten the start.
 */
function endWindow(s: State, tS: number): void {
  const leftShare = Math.exp(-(tS - s.windowS) / ZONE_TAU_S);
  s.zoneTempC = onGrid(zoneTempC(s.zoneTempC, s.zoneLimitTempC, leftShare, HEATED_C));
  s.loopTempC = onGrid(s.loopTempC);
  s.condensingTempC = onGrid(s.condensingTempC);
  if (s.settledS === Infinity) {
    s.coldestTempC = onGrid(zoneTempC(s.coldestTempC, s.coldestLimitTempC, leftShare, HEATED_C));
    s.hottestTempC = onGrid(zoneTempC(s.hottestTempC, s.hottestLimitTempC, leftShare, HEATED_C));
  }
  if (tS % DAY_S !== 0) return;
  s.coolingKwh = 0;
  const isZoneOld = tS - s.startedS >= FORGETTING_TAUS * ZONE_TAU_S;
  if (isZoneOld || tS - s.settledS >= FORGETTING_TAUS * CONDENSER_REST_TAU_S) s.isSettled = 1;
}

/** Carries the coldest and the hottest possible zone through the window. */
function followPasts(
  s: State,
  p: Parameters,
  mostKw: number,
  idleLimitTempC: number,
  isUnsure: boolean,
): void {
  if (isUnsure) {
    s.coldestTempC = HEATED_C;
    s.hottestTempC = WARMEST_C;
  }
  const coldestKw = Math.min(mostKw, p.refKw * coolingCallShare(s.coldestTempC, s.setpointTempC));
  const hottestKw = Math.min(mostKw, p.refKw * coolingCallShare(s.hottestTempC, s.setpointTempC));
  s.coldestLimitTempC = idleLimitTempC - coldestKw / (LOSS_SHARE * p.refKw);
  s.hottestLimitTempC = idleLimitTempC - hottestKw / (LOSS_SHARE * p.refKw);
}

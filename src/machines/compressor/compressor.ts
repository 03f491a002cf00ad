import { decimal, ELECTRICITY, IDLE, MAINTENANCE, PRODUCTION, RUNNING } from '../../core/field.ts';
import {
  agedShare,
  choice,
  defineMachine,
  maintainedEvery,
  parameter,
  type Values,
} from '../../core/machine.ts';
import { ATMOSPHERE_BAR, normalFlowShare, SPEED_POWER } from '../../physics/air.ts';
import {
  CONTROL_POWER_FACTOR,
  controlPowerKw,
  drivePowerFactor,
  motorReactiveKvar,
  powerFactor,
  STAR_DELTA_S,
  STARTING_DIP_SHARE,
  STARTING_REACTIVE,
  starDeltaPowerShare,
} from '../../physics/electricity.ts';
import { FORGETTING_TAUS, lag, onGrid } from '../../physics/heat.ts';
import {
  barSeconds,
  passedS,
  setCourse,
  setSteadyCourse,
  squareBarSeconds,
} from '../../physics/receiver.ts';
import { HIGH_VIBRATION, unitFactor, VIBRATION_FACTOR, vibrationMmS } from '../vibration.ts';
import {
  CHECK_AT_S,
  CHECK_S,
  endCheck,
  HOLDING,
  IDLING,
  LEAD_S,
  LOADED,
  LOADING,
  MODULATION,
  nextCheckS,
  phaseAt,
  REFERENCE_ABSOLUTE_BAR,
  REFERENCE_BAR,
  SERVICED,
  STANDBY,
  STARTING,
  setFlow,
  speedShare,
  UNLOADED,
  VARIABLE_SPEED,
} from './control.ts';

/** Demand changes every ten seconds; the plan and the hall are evaluated once a minute. */
const SLOT_S = 10;
const MINUTE_S = 60;
/** Time constant of the oil temperature. */
const OIL_TAU_S = 360;
const SLOT_DECAY = Math.exp(-SLOT_S / OIL_TAU_S);
/** Duration of the voltage dip of a motor start. */
const DIP_S = 1;
/** No network is perfectly tight; this keeps every pressure moving. */
const LEAST_DEMAND = 1e-6;
/** Instants closer than this are equal: the resolution of seconds since the epoch. */
const SHORTEST_S = 1e-6;
/** Air counts as bad below this pressure: tools lose their force. */
const BAD_BELOW_BAR = 6;

const DEMAND_SLOW = 0;
const DEMAND_MIDDLE = 1;
const DEMAND_FAST = 2;
const SHAKE = 3;

/**
 * An oil-injected screw compressor with an air receiver. By default it runs at a fixed speed and
 * loads and unloads; it may also throttle its intake, or follow the demand with its speed.
 *
 * The receiver's pressure falls while the compressor is unloaded and rises while it is loaded:
 *
 *     dp/dt = (p₀ / 60 V) · (Q_delivered − Q_rated · d · (p + p₀) / (p_ref + p₀))
 *
 * with the demand d as a share of the rated flow, in proportion to the pressure (unregulated use).
 * Over ten seconds of constant demand this is an exponential, so pressure, energy and switching
 * instants are exact.
 *
 * Every night at 03:00 local time it loads to the cut-out pressure and holds it until 03:05: the
 * capacity check of a maintenance plan. All histories meet there.
 *
 * Figures: US DOE, Improving Compressed Air System Performance, 3rd ed.; ORNL MEASUR; CAGI data
 * sheets; specific power 6.4 kW/(m³/min) at 55 kW and 7 bar.
 */
export const compressor = defineMachine({
  type: 'compressor',
  title: 'Oil-injected screw compressor, load/unload, with receiver',
  plural: 'compressors',
  intervalS: 1,
  typicalRatedPowerKw: [15, 75],

  parameters: {
    ratedPowerKw: parameter(55, [5, 400], 'Package input at full load and 7 bar.'),
    fullLoadShare: parameter(0.96, [0.8, 1], 'Input at full load, as a share of the rated power.'),
    cutInBar: parameter(6.6, [4, 12], 'Gauge pressure at which the compressor loads.', {
      below: 'cutOutBar',
    }),
    cutOutBar: parameter(7.3, [4.3, 13], 'Gauge pressure at which the compressor unloads.'),
    storageShare: parameter(
      0.5,
      [0.1, 1.5],
      'Volume of receiver and pipes, in m³ per m³/min of flow.',
    ),
    pressurePowerShare: parameter(
      0.07,
      [0.04, 0.1],
      'Additional power per bar of discharge pressure.',
    ),
    maintenanceWeeks: maintainedEvery(4),
    control: choice(['load_unload', 'vsd', 'modulation'], 'How the compressor follows the demand.'),
    holdBar: parameter(6.8, [4, 12], 'Pressure that a variable-speed compressor maintains.'),
    leastSpeedShare: parameter(
      0.25,
      [0.1, 0.6],
      'Lowest speed; below it the compressor loads and unloads.',
    ),
    throttleFromBar: parameter(
      7,
      [4, 12.5],
      'Pressure above which modulation throttles the intake.',
    ),
    throttleBandBar: parameter(
      0.7,
      [0.2, 2],
      'Throttling band; the compressor unloads at its end.',
    ),
    throttleLeastShare: parameter(
      0.4,
      [0.2, 0.9],
      'Flow with the intake throttled to its minimum.',
    ),
    unloadedShare: parameter(0.27, [0.15, 0.5], 'Unloaded power, as a share of full load.'),
    blownShare: parameter(0.68, [0.4, 0.9], 'Power just after unloading, as a share of full load.'),
    blowDownS: parameter(12, [2, 60], 'Time constant of the sump’s blow-down.'),
    loadDelayS: parameter(3, [0.5, 10], 'Delay between the load command and air delivery.'),
    autoStopS: parameter(900, [60, 3600], 'Unloaded time after which the motor stops.'),
    demandShare: parameter(
      0.55,
      [0, 1.2],
      'Air used at full production, as a share of the rated flow.',
    ),
    leakShare: parameter(0.12, [0, 1], 'Air lost in the network, as a share of the rated flow.'),
    powerFaultFactor: parameter(
      1,
      [1, 1.5],
      'Power for the same air, relative to a healthy compressor.',
    ),
    flowFaultFactor: parameter(
      1,
      [0.5, 1],
      'Air delivered when loaded, relative to a healthy compressor.',
    ),
    vibrationFactor: VIBRATION_FACTOR,
    excessTempK: parameter(0, [0, 60], 'Excess oil temperature, compared with a healthy machine.'),
  },

  derived: (p) => {
    const specificKwPerM3Min = 6.4 * Math.exp(-0.08 * Math.log(p.ratedPowerKw / 55));
    const fullLoadKw = p.fullLoadShare * p.ratedPowerKw;
    const ratedFlowM3Min = fullLoadKw / specificKwPerM3Min;
    const isByDrive = p.control === VARIABLE_SPEED;
    const slowKw = (SPEED_POWER.base + SPEED_POWER.perFlow * p.leastSpeedShare) * fullLoadKw;
    return {
      fullLoadKw,
      ratedFlowM3Min,
      flowM3PerS: ratedFlowM3Min / 60,
      /** The highest pressure, at which it unloads. */
      topBar: p.control === MODULATION ? p.throttleFromBar + p.throttleBandBar : p.cutOutBar,
      /** Rate of pressure rise at full rated flow into an empty network [bar/s]. */
      fillBarPerS: ATMOSPHERE_BAR / (60 * p.storageShare),
      standbyKw: 0.0055 * p.ratedPowerKw,
      // A variable-speed drive unloads at its slowest speed.
      unloadedKw: isByDrive ? SPEED_POWER.base * fullLoadKw : p.unloadedShare * fullLoadKw,
      blownKw: isByDrive ? slowKw : p.blownShare * fullLoadKw,
      /** Power once the intake has opened, at 7 bar. */
      loadingKw: isByDrive ? slowKw : fullLoadKw,
      serviceKw: controlPowerKw(p.ratedPowerKw),
    };
  },

  wear(p, wornShare, years) {
    p.powerFaultFactor *= 1 + 0.03 * wornShare + agedShare(0.004, years);
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
      pressureBar: decimal(3, { share: 0.005 }),
      flowRateM3h: decimal(3, { share: 0.03 }),
      vibrationMmS: decimal(4, { share: 0.05 }),
    },
  },

  sums: [
    'energyKws',
    'startKws',
    'startS',
    'dipS',
    'flowM3',
    'productionCount',
    'productionCountBad',
  ],

  /** A check early enough for the oil temperature to forget everything before it. */
  anchorS: (_p, site, tS, attempt) => {
    let checkS = site.lastLocalTimeS(tS - FORGETTING_TAUS * OIL_TAU_S - CHECK_S, CHECK_AT_S);
    for (let i = 0; i < attempt; i++) checkS = site.lastLocalTimeS(checkS - 1, CHECK_AT_S);
    return checkS - LEAD_S;
  },

  start: (p, site, random, tS) => ({
    // The segment: start and end, initial pressure, and its limit and rate.
    segmentS: tS,
    startBar: p.cutInBar - 0.6,
    endBar: p.cutInBar - 0.6,
    limitBar: p.cutInBar,
    perS: 0,
    phase: STARTING,
    phaseS: tS,
    /** Power at the start of a loading phase. */
    phaseKw: 0,
    // Delivered flow and power relative to full load: at zero pressure, and per bar of pressure.
    flowShare: 0,
    flowPerBar: 0,
    partShare: 0,
    partPerBar: 0,
    slotEndS: tS,
    minuteEndS: tS,
    load: 0,
    slowWave: 0,
    demandShare: 0,
    /** Flow of the open intake, as a share of the rated flow. */
    capacityShare: 0,
    /** Power relative to that of a healthy machine at 20 °C. */
    powerShare: 0,
    deliveredM3: 0,
    hallTempC: site.at(tS).hallTempC,
    // Oil at the start of the slot, its current target, and the integral of the target over the
    // slot.
    slotS: tS,
    oilTempC: site.at(tS).hallTempC + 5.5,
    oilLimitTempC: 0,
    oilLimitKs: 0,
    // The next or current capacity check.
    checkS: nextCheckS(site, tS),
    checkDemandShare: 0,
    isSettled: 0,
    unitFactor: unitFactor(random),
    // The exponential of p(t) at the instant up to which sums are complete.
    summedS: tS,
    decay: 0,
    // What power factor and voltage need to know about a start.
    startKw: 0,
    startShare: 0,
    dipShare: 0,
  }),

  resume(s, p, _site, _random, before, stoppedS, tS) {
    const offS = tS - stoppedS;
    const inSegmentS = stoppedS - before.segmentS;
    const oilC = oilTempC(before, stoppedS, before.oilLimitKs + before.oilLimitTempC * inSegmentS);
    s.oilTempC = onGrid(lag(oilC, s.hallTempC, OIL_TAU_S, offS));
    const leftBar = lag(before.startBar, before.limitBar, 1 / before.perS, inSegmentS);
    const leakPerS = (p.fillBarPerS * p.leakShare) / REFERENCE_ABSOLUTE_BAR;
    s.startBar = onGrid(leftBar * Math.exp(-leakPerS * offS));
    s.endBar = s.startBar;
  },

  begin(s, p, site, random, tS) {
    const inSegmentS = tS - s.segmentS;
    if (s.flowShare > 0) {
      const decay = s.flowPerBar === 0 ? 1 : Math.exp(-s.perS * inSegmentS);
      s.deliveredM3 += p.flowM3PerS * passedS(s, inSegmentS, decay);
    }
    s.oilLimitKs += s.oilLimitTempC * inSegmentS;
    s.startBar = s.endBar;
    s.segmentS = tS;
    s.summedS = tS;
    s.decay = 1;

    if (tS >= s.slotEndS) {
      if (tS >= s.minuteEndS) {
        const { load, hallTempC } = site.at(tS);
        s.minuteEndS = (Math.floor(tS / MINUTE_S) + 1) * MINUTE_S;
        s.load = load;
        s.slowWave = 1 + 0.1 * random.smooth(DEMAND_SLOW, 1200, tS);
        s.hallTempC = hallTempC;
      }
      const wave =
        s.slowWave +
        0.08 * random.smooth(DEMAND_MIDDLE, 90, tS) +
        0.05 * random.smooth(DEMAND_FAST, 20, tS);
      s.demandShare =
        LEAST_DEMAND +
        p.leakShare +
        p.demandShare * s.load * Math.max(0.05, wave) +
        site.demand(tS) / p.ratedFlowM3Min;
      if (tS > s.slotS) s.oilTempC = onGrid(oilTempC(s, tS, s.oilLimitKs));
      s.oilLimitKs = 0;
      s.slotS = tS;
      s.slotEndS = (Math.floor(tS / SLOT_S) + 1) * SLOT_S;
      s.powerShare = p.powerFaultFactor * (1 + 0.0015 * (s.hallTempC - 20));
      s.capacityShare = p.flowFaultFactor * normalFlowShare(s.hallTempC);
    }
    // Air drawn at the reference pressure, as a share of the rated flow, per bar absolute.
    const drawPerBar = s.demandShare / REFERENCE_ABSOLUTE_BAR;
    const drawnShare = drawPerBar * (s.startBar + ATMOSPHERE_BAR);

    const isChecking = tS >= s.checkS && tS < s.checkS + CHECK_S;
    if (isChecking) s.checkDemandShare = Math.max(s.checkDemandShare, s.demandShare);
    else if (tS >= s.checkS) endCheck(s, p, site, tS);

    const phase = phaseAt(s, p, tS, isChecking, drawnShare);
    if (phase !== s.phase) {
      if (phase === LOADING)
        s.phaseKw = s.phase === UNLOADED ? unloadedKw(p, tS - s.phaseS) : p.unloadedKw;
      s.phase = phase;
      s.phaseS = tS;
    }
    const isUnloaded = phase === UNLOADED || phase === IDLING || phase === STARTING;
    s.oilLimitTempC =
      phase === STANDBY || phase === SERVICED
        ? s.hallTempC
        : s.hallTempC + 5 + (isUnloaded ? 36 : 56) + p.excessTempK;

    let endS = Math.min(s.slotEndS, isChecking ? s.checkS + CHECK_S : s.checkS);
    if (phase === LOADING) endS = Math.min(endS, s.phaseS + p.loadDelayS);
    else if (phase === STARTING) endS = Math.min(endS, s.phaseS + STAR_DELTA_S);
    else if (phase === UNLOADED) endS = Math.min(endS, s.phaseS + p.autoStopS);
    setFlow(s, p, random, drawPerBar, drawnShare, isChecking, endS);
    if (phase === HOLDING || phase === SERVICED) {
      setSteadyCourse(s, drawPerBar, p.fillBarPerS);
      return endS;
    }
    const lowerBar = s.flowPerBar < 0 ? p.throttleFromBar : phase === LOADED ? NaN : p.cutInBar;
    const isOpen = p.control === MODULATION && s.flowPerBar === 0 && !isChecking;
    const upperBar = phase !== LOADED ? NaN : isOpen ? p.throttleFromBar : p.topBar;
    const lengthS = setCourse(s, drawPerBar, p.fillBarPerS, endS - tS, lowerBar, upperBar);
    return Math.min(endS, tS + Math.max(SHORTEST_S, lengthS));
  },

  accumulate(s, p, fromS, toS) {
    const lengthS = toS - fromS;
    if (s.summedS !== fromS) s.decay = Math.exp(-s.perS * (fromS - s.segmentS));
    const fromDecay = s.decay;
    const decay = Math.exp(-s.perS * (toS - s.segmentS));
    const barS = barSeconds(s, lengthS, fromDecay, decay);
    s.decay = decay;
    s.summedS = toS;

    const fullKw = s.powerShare * p.fullLoadKw;
    const atZeroBar = 1 - p.pressurePowerShare * REFERENCE_BAR;
    if (s.phase === LOADED || s.phase === HOLDING) {
      let share = s.partShare * (atZeroBar * lengthS + p.pressurePowerShare * barS);
      if (s.partPerBar !== 0) {
        const bar2S = squareBarSeconds(s, lengthS, fromDecay, decay);
        share += s.partPerBar * (atZeroBar * barS + p.pressurePowerShare * bar2S);
      }
      s.energyKws += fullKw * share;
    } else if (s.phase === UNLOADED) {
      const a = Math.exp(-(fromS - s.phaseS) / p.blowDownS);
      const b = Math.exp(-(toS - s.phaseS) / p.blowDownS);
      const blowDownKws = (p.blownKw - p.unloadedKw) * p.blowDownS * (a - b);
      s.energyKws += s.powerShare * (p.unloadedKw * lengthS + blowDownKws);
    } else if (s.phase === LOADING) {
      const loadedKw = p.loadingKw * (atZeroBar + p.pressurePowerShare * p.cutInBar);
      const share = (fromS - s.phaseS + (toS - s.phaseS)) / (2 * p.loadDelayS);
      s.energyKws += s.powerShare * (s.phaseKw + (loadedKw - s.phaseKw) * share) * lengthS;
    } else if (s.phase === STARTING) {
      const afterS = (fromS + toS) / 2 - s.phaseS;
      const isByDrive = p.control === VARIABLE_SPEED;
      const kw = isByDrive
        ? (p.unloadedKw * afterS) / STAR_DELTA_S
        : p.fullLoadKw * starDeltaPowerShare(afterS);
      s.energyKws += kw * lengthS;
      if (!isByDrive) {
        s.startKws += kw * lengthS;
        s.startS += lengthS;
        s.dipS += Math.max(0, Math.min(toS, s.phaseS + DIP_S) - fromS);
      }
    } else if (s.phase === IDLING) s.energyKws += s.powerShare * p.unloadedKw * lengthS;
    else s.energyKws += (s.phase === SERVICED ? p.serviceKw : p.standbyKw) * lengthS;

    if (s.flowShare > 0) {
      const before = p.flowM3PerS * passedS(s, fromS - s.segmentS, fromDecay);
      const after = p.flowM3PerS * passedS(s, toS - s.segmentS, decay);
      const count = Math.floor(s.deliveredM3 + after) - Math.floor(s.deliveredM3 + before);
      s.flowM3 += after - before;
      s.productionCount += count;
      if (barAt(s) < BAD_BELOW_BAR) s.productionCountBad += count;
    }
  },

  report(s, p, site, random, tS, intervalS) {
    const isLoaded = s.phase === LOADED || s.phase === HOLDING || s.phase === LOADING;
    const isStanding = s.phase === STANDBY || s.phase === SERVICED;
    s.powerKw = s.energyKws / intervalS;
    s.startKw = s.startKws / intervalS;
    s.startShare = s.startS / intervalS;
    s.dipShare = (STARTING_DIP_SHARE * s.dipS) / intervalS;
    s.productionCountGood = s.productionCount - s.productionCountBad;
    s.flowRateM3h = (3600 * s.flowM3) / intervalS;
    s.throughputUnitsPerHour = s.flowRateM3h;
    s.operatingMode = s.phase === SERVICED ? MAINTENANCE : isLoaded ? RUNNING : IDLE;
    s.indoorTempC = site.at(tS).hallTempC;
    s.machineTempC = oilTempC(s, tS, s.oilLimitKs + s.oilLimitTempC * (tS - s.segmentS));
    s.pressureBar = barAt(s);
    s.speedPercent = 100 * speedShare(s, p, tS);
    const healthyMmS = isStanding ? 0 : isLoaded ? 2.2 : 1.4;
    const ownMmS = healthyMmS * s.unitFactor * p.vibrationFactor;
    s.vibrationMmS = vibrationMmS(ownMmS, random, SHAKE, tS);
  },

  powerFactor(s, p, powerKw) {
    if (powerKw < 2 * p.standbyKw) return CONTROL_POWER_FACTOR;
    if (p.control === VARIABLE_SPEED) return drivePowerFactor(powerKw, p.ratedPowerKw);
    const runningKvar = (1 - s.startShare) * motorReactiveKvar(powerKw, p.ratedPowerKw);
    return powerFactor(powerKw, runningKvar + STARTING_REACTIVE * s.startKw);
  },

  voltageDipShare: (s) => s.dipShare,

  isSettled: (s) => s.isSettled === 1,

  /** On a network, the demand of the network replaces the compressor's own. */
  supply: {
    network: 'compressedAir',
    capacity: (p) => p.ratedFlowM3Min,
    instead: { demandShare: 0, leakShare: 0 },
  },

  faults: {
    leak: {
      onset: 'step',
      about:
        'A leak in the air network: more air is lost, and the compressor is loaded for longer.',
      signals: [
        'powerKw',
        'flowRateM3h',
        'throughputUnitsPerHour',
        'pressureBar',
        'productionCountBad',
      ],
      apply(p, x) {
        p.leakShare += 0.6 * x;
      },
    },
    efficiency_loss: {
      onset: 'ramp',
      about: 'A worn screw and a fouled cooler: more power for less air, hotter oil.',
      signals: ['powerKw', 'machineTempC'],
      apply(p, x) {
        p.powerFaultFactor *= 1 + 0.25 * x;
        p.flowFaultFactor *= 1 - 0.12 * x;
        p.excessTempK += 12 * x;
      },
    },
    bearing_fault: {
      onset: 'ramp',
      about: 'A damaged bearing: strong vibration, some heat, hardly any extra power.',
      signals: ['vibrationMmS', 'machineTempC', 'powerKw'],
      apply(p, x) {
        p.vibrationFactor *= 1 + 3 * x;
        p.powerFaultFactor *= 1 + 0.015 * x;
        p.excessTempK += 8 * x;
      },
    },
  },

  alerts: {
    HIGH_VIBRATION: {
      ...HIGH_VIBRATION,
      signal: 'vibration while loaded [mm/s]',
      value: (s) => (s.operatingMode === IDLE ? Number.NaN : s.vibrationMmS),
    },
    HIGH_OIL_TEMPERATURE: {
      message: 'Oil is hot',
      signal: 'oil temperature [°C]',
      limits: [95, 105],
      band: 3,
      value: (s) => s.machineTempC,
    },
    LOW_PRESSURE: {
      message: 'Network pressure is low',
      signal: 'pressure below cut-in [bar]',
      limits: [0.6, 1.4],
      band: 0.2,
      value: (s, p) => (s.phase === SERVICED ? 0 : p.cutInBar - s.pressureBar),
    },
  },

  profile: {
    states: [
      '`running`: loading, or loaded and filling the receiver; also the capacity check at 03:00.',
      '`idle`: unloaded with the motor on or, after 15 min, with the motor off (0.3 kW).',
      'Start: star-delta for 8 s at 2.2 times the rated current, 10 s idle, 3 s until air flows.',
      'Maintenance: unloaded for 30 s, then off with the receiver closed.',
    ],
    relevantVariables: [
      'Air delivered (`production_count`, m³): hourly energy is proportional to it.',
      'Hours with the motor on: an unloaded compressor uses 27 % of full load.',
      'Air temperature in the hall: 0.15 % more power and 0.34 % less air per kelvin.',
    ],
    staticFactors: [
      'Pressure band, receiver, network leaks, kind of control, size of the machine.',
    ],
    wear: 'Specific power +3 % between two maintenances, +0.4 % per year; vibration +25 %.',
    sources: [
      'US DOE, CAC: Improving Compressed Air System Performance, 3rd ed.; Tip Sheet 3.',
      'ORNL MEASUR: compressor defaults, blow-down 40 s, receiver formula.',
      'Marshall, Plant Services 2014: unloaded power; CAGI data sheets; ISO 1217.',
      'IEC 60034-12: starting currents.',
    ],
    plot: ['powerKw', 'pressureBar', 'flowRateM3h'],
  },
});

/**
 * Oil temperature at an instant of the slot [°C]: a first-order lag behind the mean target of the
 * slot so far, given as the integral of the target [°C·s].
 */
function oilTempC(s: Values<'slotS' | 'oilTempC'>, tS: number, limitKs: number): number {
  const sinceS = tS - s.slotS;
  const decay = sinceS === SLOT_S ? SLOT_DECAY : Math.exp(-sinceS / OIL_TAU_S);
  const limit = limitKs / sinceS;
  return limit + (s.oilTempC - limit) * decay;
}

/** Pressure at the instant up to which sums are complete [bar]. */
function barAt(s: Values<'startBar' | 'limitBar' | 'decay'>): number {
  return s.limitBar + (s.startBar - s.limitBar) * s.decay;
}

/** Power at a time after unloading [kW], before temperature and wear. */
function unloadedKw(p: Values<'unloadedKw' | 'blownKw' | 'blowDownS'>, sinceS: number): number {
  return p.unloadedKw + (p.blownKw - p.unloadedKw) * Math.exp(-sinceS / p.blowDownS);
}

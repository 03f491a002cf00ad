import {
  decimal,
  ELECTRICITY,
  IDLE,
  MAINTENANCE,
  named,
  PRODUCTION,
  RUNNING,
} from '../../core/field.ts';
import { defineMachine, maintainedEvery, parameter, type Values } from '../../core/machine.ts';
import type { Random } from '../../core/random.ts';
import { ATMOSPHERE_BAR } from '../../physics/air.ts';
import {
  boilerEfficiencyShare,
  boilerPowerShare,
  dryFlueLossShare,
  saturationBar,
  saturationTempC,
  steamEnthalpyKjKg,
} from '../../physics/combustion.ts';
import {
  CONTROL_POWER_FACTOR,
  controlPowerKw,
  drivePowerFactor,
} from '../../physics/electricity.ts';
import { clamp, onGrid } from '../../physics/heat.ts';
import {
  countSteam,
  cycleSwingBar,
  DAY_S,
  demandShare,
  FEEDWATER_TEMP_C,
  FIRING,
  HEATING,
  isBurning,
  LIGHT_OFF,
  LIGHT_OFF_S,
  LOAD_MAX,
  lightUp,
  OFF,
  offTempC,
  PURGE,
  PURGE_S,
  phaseAt,
  planWindow,
  SETTLED_WINDOWS,
  SLOT_S,
  STEAM_SUPPLY,
  segmentEndS,
  WINDOW_S,
} from './control.ts';

/** Load while the water heats up. */
const HEATING_LOAD = 0.5;
/** Enthalpy of the feedwater [kJ/kg]. */
const FEEDWATER_KJ_KG = 440;
/**
 * Pressure drop per unit of load above the rated one, when demand exceeds the rated steam flow
 * [bar].
 */
const SAG_BAR = 8;
/** Amplitude of the pressure while the burner modulates. */
const MODULATION_BAR = 0.2;
/** Steam is wet, and does not count as good, when the pressure sags by more than this. */
const WET_SAG_BAR = 0.7;
/** Time for pressure and flue gas to blend into the values of a new window. */
const BLEND_S = 300;
/** Temperature towards which the flue cools while the burner is off, and its time constant. */
const RESTING_FLUE_TEMP_C = 80;
const RESTING_TAU_S = 600;
/** Air temperature in the calculation of flue losses. */
const AIR_TEMP_C = 25;
/** Below this load a burner needs more air: percent of oxygen per unit of load. */
const LEAN_LOAD = 0.5;
const LEAN_OXYGEN_PERCENT = 4;
/** Fuel losses that do not depend on the flue gas: natural gas, gross. */
const LOSSES = { latentShare: 0.099, radiationShare: 0.006, blowDownShare: 0.012 } as const;

/**
 * Drop of the gas pressure from no to full load, and its swing, as shares; gas temperature, since
 * the pipe is underground.
 */
const GAS_DROP_SHARE = 0.02;
const GAS_SWING_SHARE = 0.005;
const GROUND_TEMP_C = 12;
const OUTDOOR_SHARE = 0.35;

const PRESSURE = 2;
const GAS_PRESSURE = 3;
const HUNT = 60;

/**
 * A fire-tube steam boiler on natural gas, with an economiser, a modulating burner and a feedwater
 * pump.
 *
 *     gas · H_s · η = steam · (h_g − h_feedwater),  η = 1 − flue − latent − radiation − blow-down
 *
 * Production and the weather demand steam. The burner follows down to a quarter of its load; below
 * that it cycles: in each quarter of an hour it fires at least load for as long as needed, turns
 * off, and purges at the end. So every window begins with a lit burner and needs no history. While
 * the burner is off, consumers draw from the header, whose pressure falls; the reported steam is
 * what the boiler raises. After a start it purges, lights off and heats its water up before it
 * delivers steam; the longer it was off, the longer that takes.
 *
 * Gas and steam are reported without sensor errors. Only the burner makes them fluctuate, so the
 * balance holds in every reading. Gas is in standard cubic metres, efficiencies are gross.
 *
 * Figures: US DOE, Improving Steam System Performance, 2nd ed.; Siegert's formula for the flue
 * loss; fuel-to-steam 83 %, 0.78 kWh of gas per kg of steam.
 */
export const boiler = defineMachine({
  type: 'boiler',
  title: 'Fire-tube steam boiler on natural gas, modulating burner, economiser',
  plural: 'boilers',
  intervalS: 30,
  typicalRatedPowerKw: [5, 100],

  parameters: {
    ratedPowerKw: parameter(45, [2, 400], 'Electrical power of fan, feedwater pump and controls.'),
    heatFactor: parameter(
      50,
      [20, 150],
      'Rated heat in the steam, as a multiple of the electrical power.',
    ),
    maintenanceWeeks: maintainedEvery(13),
    setBar: parameter(10, [4, 14], 'Gauge pressure of the steam.'),
    turndownShare: parameter(0.25, [0.1, 0.5], 'Lowest load at which the burner stays lit.'),
    baseShare: parameter(0.12, [0, 0.5], 'Constant steam demand, as a share of the rated flow.'),
    productionShare: parameter(
      0.5,
      [0, 1],
      'Additional steam demand at full production, as a share of the rated flow.',
    ),
    heatingSharePerK: parameter(
      0.01,
      [0, 0.05],
      'Steam for heating per kelvin, as a share of the rated flow.',
    ),
    heatingTempC: parameter(15, [5, 25], 'Outdoor temperature below which buildings are heated.'),
    huntShare: parameter(
      0.03,
      [0, 0.1],
      'Largest deviation of the hunting burner from its set point.',
    ),
    flueTempC: parameter(
      105,
      [60, 250],
      'Flue gas temperature near zero load; 196 without economiser.',
    ),
    flueRiseK: parameter(
      55,
      [20, 100],
      'Rise of the flue gas temperature up to full load; 40 without economiser.',
    ),
    foulingK: parameter(
      0,
      [0, 100],
      'Rise of the flue gas temperature due to deposits on the tubes.',
    ),
    oxygenPercent: parameter(3.5, [1, 8], 'Oxygen in the dry flue gas from half load upwards.'),
    fanFactor: parameter(1, [1, 2], 'Fan power, relative to a healthy fan.'),
    leakShare: parameter(0, [0, 0.5], 'Steam lost in the network, as a share of the rated flow.'),
    heatUpS: parameter(2400, [600, 14_400], 'Time to bring a cold boiler to pressure.'),
    gasBar: parameter(4, [0.02, 10], 'Gauge pressure of the gas.'),
    calorificValueKwhM3: parameter(
      10.55,
      [8, 13],
      'Gross calorific value of a standard cubic metre of gas.',
    ),
  },

  derived: (p) => {
    const setTempC = saturationTempC(p.setBar + ATMOSPHERE_BAR);
    return {
      heatKw: p.heatFactor * p.ratedPowerKw,
      setTempC,
      serviceKw: controlPowerKw(p.ratedPowerKw),
      /** Heat that the boiler adds to a kilogram of steam [kJ]. */
      steamKjKg: steamEnthalpyKjKg(setTempC) - FEEDWATER_KJ_KG,
    };
  },

  wear(p, wornShare, years) {
    p.foulingK += 8 * wornShare + Math.min(8, 0.5 * years);
  },

  channels: {
    electricity: ELECTRICITY,
    natural_gas: {
      flowRateM3h: decimal(3),
      consumptionM3: decimal(4),
      gasPressureBar: named('pressureBar', decimal(3, { share: 0.005 })),
      gasTemperatureC: named('temperatureC', decimal(2, { offset: 0.4 })),
      calorificValueKwhM3: decimal(3),
    },
    steam: {
      flowRateKgH: decimal(2),
      consumptionKg: decimal(3),
      pressureBar: decimal(3, { share: 0.005 }),
      temperatureC: decimal(2, { offset: 0.2 }),
      enthalpyKjKg: decimal(1),
    },
    production: PRODUCTION,
    environmental: {
      outdoorTempC: decimal(2),
      machineTempC: decimal(2, { offset: 0.4 }),
      outdoorHumidityPercent: decimal(2),
      pressureBar: decimal(3, { share: 0.005 }),
    },
  },

  sums: ['energyKws', 'consumptionM3', 'consumptionKg', 'productionCount', 'productionCountBad'],

  fuel: { amount: 'consumptionM3', unitKwh: 'calorificValueKwhM3' },

  /**
   * Early enough to finish heating up before the day (UTC) begins, when counting starts, unless
   * maintenance interferes.
   */
  anchorS: (p, _site, tS, attempt) => {
    const startS = PURGE_S + LIGHT_OFF_S + p.heatUpS;
    const windows = Math.ceil(startS / WINDOW_S) + SETTLED_WINDOWS;
    return Math.floor(tS / DAY_S) * DAY_S - windows * (attempt + 1) * WINDOW_S;
  },

  start: (p, _site, _random, tS) => ({
    segmentS: tS,
    slotEndS: tS,
    phase: PURGE,
    // When an idle boiler lights up, and when it reaches pressure; 0 afterwards, ∞ in maintenance.
    lightS: tS + PURGE_S,
    readyS: tS + PURGE_S + LIGHT_OFF_S + p.heatUpS,
    // Since when it has been off, and the water temperature then.
    offS: tS,
    offTempC: FEEDWATER_TEMP_C,
    // The window: until when the burner fires in it, and whether it then turns off.
    windowS: tS,
    windowEndS: tS,
    fireEndS: tS,
    firedLoad: 0,
    windowsRun: 0,
    isSettled: 0,
    isCycling: 0,
    // Deviations of pressure and flue gas from their new course at the last change.
    blendS: tS,
    blendBar: 0,
    blendK: 0,
    load: 0,
    sagBar: 0,
    /** Flue gas temperature at the current load of the burner, or at its last one. */
    flueTempC: RESTING_FLUE_TEMP_C,
    // Power and flows of the segment, and steam since the window began.
    segmentKw: 0,
    gasM3PerS: 0,
    steamKgPerS: 0.5,
    /** The day, and the steam raised in it up to the start of the segment. */
    day: Math.floor(tS / DAY_S),
    steamKg: 0.5,
    // Share of bad steam, and the fraction of a kilogram of it not counted yet.
    badShare: 0,
    badKg: 0.5,
  }),

  resume(s, p, _site, random, before, stoppedS, tS) {
    s.offS = stoppedS;
    s.offTempC = waterTempC(before, p, random, stoppedS);
    s.flueTempC = onGrid(flueTempC(before, stoppedS));
    s.fireEndS = stoppedS;
    lightUp(s, p, tS);
  },

  begin(s, p, site, random, tS) {
    countSteam(s, tS);
    s.slotEndS = (Math.floor(tS / SLOT_S) + 1) * SLOT_S;

    const isServiced = tS >= p.maintenanceFromS;
    if (isServiced && s.lightS < Infinity) {
      s.offTempC = waterTempC(s, p, random, tS);
      s.offS = tS;
      s.lightS = Infinity;
      s.readyS = Infinity;
    } else if (!isServiced && s.lightS === Infinity) lightUp(s, p, tS);
    if (s.readyS > 0 && tS < s.readyS) return beginStarting(s, p, tS);
    const isNew = tS >= s.windowEndS;
    const [fromBar, fromTempC] = isNew
      ? [boilerBar(s, p, random, tS), flueTempC(s, tS)]
      : ([0, 0] as const);
    if (isNew) planWindow(s, p, site, random, tS);
    s.segmentS = tS;
    s.phase = phaseAt(s, tS);
    const demand = demandShare(p, site, random, tS);
    s.sagBar = SAG_BAR * Math.max(0, demand - 1);
    if (s.phase === FIRING) {
      const hunt = 1 + p.huntShare * (2 * random.uniform(HUNT, Math.floor(tS / SLOT_S)) - 1);
      const load = Math.max(p.turndownShare, demand * hunt);
      fire(s, p, s.isCycling ? p.turndownShare : Math.min(LOAD_MAX, load));
      s.steamKgPerS = (s.load * p.heatKw) / p.steamKjKg;
      s.badShare = s.sagBar > WET_SAG_BAR ? 1 : Math.min(1, p.leakShare / demand);
    } else rest(s, p);
    if (isNew) blendFrom(s, p, random, tS, fromBar, fromTempC);
    return segmentEndS(s);
  },

  accumulate(s, _p, fromS, toS) {
    const lengthS = toS - fromS;
    const steamKg = s.steamKgPerS * lengthS;
    const first = Math.floor(s.steamKg);
    const before = Math.floor(s.steamKg + s.steamKgPerS * (fromS - s.segmentS)) - first;
    const after = Math.floor(s.steamKg + s.steamKgPerS * (toS - s.segmentS)) - first;
    s.energyKws += s.segmentKw * lengthS;
    s.consumptionM3 += s.gasM3PerS * lengthS;
    s.consumptionKg += steamKg;
    s.productionCount += after - before;
    s.productionCountBad +=
      Math.floor(s.badKg + s.badShare * after) - Math.floor(s.badKg + s.badShare * before);
  },

  report(s, p, site, random, tS, intervalS) {
    const { outdoorTempC } = site.at(tS);
    s.powerKw = s.energyKws / intervalS;
    s.flowRateM3h = (3600 * s.consumptionM3) / intervalS;
    const swing = clamp(random.smooth(GAS_PRESSURE, 1800, tS) / 3, -1, 1);
    s.gasPressureBar = p.gasBar * (1 - GAS_DROP_SHARE * s.load + GAS_SWING_SHARE * swing);
    s.gasTemperatureC = GROUND_TEMP_C + OUTDOOR_SHARE * (outdoorTempC - GROUND_TEMP_C);
    s.calorificValueKwhM3 = p.calorificValueKwhM3;
    s.flowRateKgH = (3600 * s.consumptionKg) / intervalS;
    s.pressureBar = boilerBar(s, p, random, tS);
    s.temperatureC = saturationTempC(s.pressureBar + ATMOSPHERE_BAR);
    s.enthalpyKjKg = steamEnthalpyKjKg(s.temperatureC);
    s.productionCountGood = s.productionCount - s.productionCountBad;
    s.throughputUnitsPerHour = s.flowRateKgH;
    s.operatingMode = s.phase === OFF ? MAINTENANCE : isBurning(s) ? RUNNING : IDLE;
    s.speedPercent = 100 * s.load;
    s.machineTempC = flueTempC(s, tS);
  },

  isSettled: (s) => s.isSettled === 1,

  powerFactor: (s, p, powerKw) =>
    s.phase === OFF ? CONTROL_POWER_FACTOR : drivePowerFactor(powerKw, p.ratedPowerKw),

  supply: STEAM_SUPPLY,

  faults: {
    tube_fouling: {
      onset: 'ramp',
      about: 'Deposits on the tubes: hotter flue gas and more fuel for the same steam.',
      signals: ['machineTempC', 'consumptionM3', 'flowRateM3h'],
      apply(p, x) {
        p.foulingK += 90 * x;
      },
    },
    air_ratio_drift: {
      onset: 'step',
      about: 'Too much combustion air: more heat lost up the stack, more fan power.',
      signals: ['powerKw', 'consumptionM3', 'flowRateM3h'],
      apply(p, x) {
        p.oxygenPercent += 5 * x;
        p.fanFactor *= 1 + 0.15 * x;
      },
    },
    steam_leak: {
      onset: 'step',
      about: 'Steam leaks from the network: more steam, gas and power for the same use.',
      signals: [
        ...['consumptionKg', 'flowRateKgH', 'consumptionM3', 'flowRateM3h', 'powerKw'],
        ...['productionCountBad', 'throughputUnitsPerHour', 'speedPercent', 'machineTempC'],
      ],
      apply(p, x) {
        p.leakShare += 0.15 * x;
      },
    },
  },

  alerts: {
    LOW_STEAM_PRESSURE: {
      message: 'Steam pressure is low',
      signal: 'pressure below its set point [bar]',
      limits: [WET_SAG_BAR, 1.4],
      band: 0.15,
      value: (s, p) => (s.readyS > 0 ? 0 : p.setBar - s.pressureBar),
    },
    HIGH_STACK_TEMPERATURE: {
      message: 'Flue gas is hotter than its load explains',
      signal: 'flue gas temperature above that expected for the load, while firing [K]',
      limits: [40, 70],
      band: 5,
      value: (s, p) => s.flueTempC - p.flueTempC - p.flueRiseK * s.firedLoad,
    },
  },

  profile: {
    states: [
      '`running`: the burner fires; it modulates down to a quarter load and cycles below that.',
      '`idle`: the burner is off during a cycle, or purging.',
      'Start: purge 40 s, light-off 10 s at lowest load, then heat-up: 40 min from cold, ' +
        'less after a short stop.',
      'During maintenance the boiler cools slowly; its pressure falls with its temperature.',
    ],
    relevantVariables: [
      'Steam (`consumption_kg`).',
      'Outdoor temperature below 15 °C: heating.',
      'Production (shift).',
    ],
    staticFactors: [
      'Economiser, pressure, oxygen in the flue gas, blow-down, feedwater temperature.',
    ],
    wear: 'Flue gas +8 K between two maintenances, +0.5 K per year.',
    sources: [
      'US DOE: Improving Steam System Performance, 2nd ed.; Steam Tip Sheets 3 and 7.',
      'Siegert’s formula (1. BImSchV, annex 2); EN 12953-11; ASME PTC 4; EN 746-2 on purging.',
      'IAPWS-IF97; Antoine’s equation.',
    ],
    plot: ['flowRateM3h', 'flowRateKgH', 'pressureBar'],
  },
});

type State = Values<
  | ('segmentS' | 'slotEndS' | 'phase' | 'lightS' | 'readyS' | 'offS' | 'offTempC')
  | ('windowS' | 'windowEndS' | 'fireEndS' | 'isCycling' | 'firedLoad')
  | ('blendS' | 'blendBar' | 'blendK' | 'load' | 'sagBar' | 'flueTempC')
  | ('segmentKw' | 'gasM3PerS' | 'steamKgPerS' | 'badShare')
>;
type Parameters = Values<
  | ('ratedPowerKw' | 'heatKw' | 'setBar' | 'setTempC' | 'turndownShare' | 'heatUpS')
  | ('flueTempC' | 'flueRiseK' | 'foulingK' | 'oxygenPercent' | 'fanFactor')
  | ('calorificValueKwhM3' | 'serviceKw')
>;

/**
 * Advances a boiler that is off, purging, lighting or heating up; returns the end of the segment.
 */
function beginStarting(s: State, p: Parameters, tS: number): number {
  const fromTempC = flueTempC(s, tS);
  const fromPhase = s.phase;
  s.segmentS = tS;
  s.sagBar = 0;
  if (tS < s.lightS) {
    s.phase = s.lightS === Infinity ? OFF : PURGE;
    rest(s, p);
    s.blendK = 0;
    return Math.min(s.slotEndS, s.lightS);
  }
  const isLightOff = tS < s.lightS + LIGHT_OFF_S;
  s.phase = isLightOff ? LIGHT_OFF : HEATING;
  fire(s, p, isLightOff ? p.turndownShare : HEATING_LOAD);
  s.steamKgPerS = 0;
  s.badShare = 0;
  if (s.phase !== fromPhase) {
    s.blendS = tS;
    s.blendBar = 0;
    s.blendK = fromTempC - s.flueTempC;
  }
  return Math.min(s.slotEndS, isLightOff ? s.lightS + LIGHT_OFF_S : s.readyS);
}

/** Burns gas at a load and sets flue gas, efficiency, gas and power. */
function fire(s: State, p: Parameters, load: number): void {
  const oxygenPercent = p.oxygenPercent + LEAN_OXYGEN_PERCENT * Math.max(0, LEAN_LOAD - load);
  s.load = load;
  s.firedLoad = load;
  s.flueTempC = p.flueTempC + p.flueRiseK * load + p.foulingK;
  const dryShare = dryFlueLossShare(s.flueTempC, AIR_TEMP_C, oxygenPercent);
  const efficiency = boilerEfficiencyShare(dryShare, load, LOSSES);
  s.gasM3PerS = (load * p.heatKw) / efficiency / p.calorificValueKwhM3 / 3600;
  s.segmentKw = p.ratedPowerKw * boilerPowerShare(load, load, p.fanFactor);
}

/** Turns the burner off; during a purge its fan runs at full speed. */
function rest(s: State, p: Parameters): void {
  s.load = 0;
  s.gasM3PerS = 0;
  s.steamKgPerS = 0;
  s.badShare = 0;
  const airShare = s.phase === PURGE ? 1 : 0;
  const runningKw = p.ratedPowerKw * boilerPowerShare(airShare, 0, p.fanFactor);
  s.segmentKw = s.phase === OFF ? p.serviceKw : runningKw;
}

/** Blends pressure and flue gas from their previous values when a window begins. */
function blendFrom(
  s: State,
  p: Parameters,
  random: Random,
  tS: number,
  fromBar: number,
  fromTempC: number,
): void {
  s.blendS = tS;
  s.blendBar = 0;
  s.blendK = 0;
  const toBar = boilerBar(s, p, random, tS);
  const toTempC = flueTempC(s, tS);
  s.blendBar = fromBar - toBar;
  s.blendK = fromTempC - toTempC;
}

/** Remaining share of a deviation from the new course; 0 once the blend is over. */
function blendShare(s: Readonly<State>, tS: number): number {
  const left = Math.max(0, 1 - (tS - s.blendS) / BLEND_S);
  return left * left;
}

/** Water temperature at the instant the boiler turns off [°C]. */
function waterTempC(s: Readonly<State>, p: Parameters, random: Random, tS: number): number {
  return onGrid(saturationTempC(boilerBar(s, p, random, tS) + ATMOSPHERE_BAR));
}

/** Gauge pressure of the steam at an instant of the segment [bar]. */
function boilerBar(s: Readonly<State>, p: Parameters, random: Random, tS: number): number {
  if (s.readyS > 0) {
    const coldTempC = offTempC(s, Math.min(tS, s.lightS));
    const heated = tS <= s.lightS ? 0 : Math.min(1, (tS - s.lightS) / (s.readyS - s.lightS));
    return saturationBar(coldTempC + (p.setTempC - coldTempC) * heated) - ATMOSPHERE_BAR;
  }
  const swingBar = s.isCycling
    ? cycleSwingBar(s, tS)
    : MODULATION_BAR * clamp(random.smooth(PRESSURE, 600, tS) / 3, -1, 1);
  return p.setBar + swingBar - s.sagBar + s.blendBar * blendShare(s, tS);
}

/** Temperature of the flue gas at an instant of the segment [°C]. */
function flueTempC(s: Readonly<State>, tS: number): number {
  const blendedK = s.blendK * blendShare(s, tS);
  if (isBurning(s)) return s.flueTempC + blendedK;
  const decay = Math.exp((s.fireEndS - tS) / RESTING_TAU_S);
  return RESTING_FLUE_TEMP_C + (s.flueTempC - RESTING_FLUE_TEMP_C) * decay + blendedK;
}

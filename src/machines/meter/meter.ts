import { ELECTRICITY, RUNNING } from '../../core/field.ts';
import { defineMachine, parameter } from '../../core/machine.ts';
import { powerFactor } from '../../physics/electricity.ts';
import { clamp } from '../../physics/heat.ts';

/** The base load is updated at every multiple of this. */
const SLOT_S = 60;
/** Reactive per active power of lamps, computers and small fans, at power factor 0.95. */
const BASE_REACTIVE = 0.329;
/** Apparent power of the transformer per kW of the connection: power factor 0.9. */
const KVA_PER_KW = 1 / 0.9;
/** Share of hall lights that are always on; the others follow the shifts. */
const LIT_SHARE = 0.15;
/** Load from which offices are staffed; they are empty at night and on weekends. */
const OFFICE_LOAD = 0.6;

const VARIATION = 0;

/**
 * The main meter of a factory: all its machines, the base load (lighting, offices, servers), and
 * the losses of transformer and lines.
 *
 *     P = Σ P_machines + P_base + P₀ + (P_k + P_lines) (S / S_r)²
 *
 * Machines count with their published readings. A meter reports at multiples of their intervals
 * (60 s by default), so its energy is exactly the sum of theirs, plus base load and losses; a
 * machine that reports more slowly, or off its grid, is metered at the meter's own interval.
 * Losses are those of the interval's mean apparent power; the reactive power of the machines
 * follows from their power factors. The voltage is that of the bus, to which the other side is
 * referred.
 *
 * A meter has no faults and no error of its own.
 *
 * Figures: Commission Regulation (EU) 548/2014, annex I, table I.1, 630 kVA, tier 2: no-load loss
 * 540 W, load loss 4600 W; short-circuit voltage 4 %.
 */
export const meter = defineMachine({
  type: 'meter',
  title: 'Main meter: all machines of the factory, its base load and losses',
  plural: 'main meters',
  intervalS: 60,
  typicalRatedPowerKw: [50, 5000],

  parameters: {
    ratedPowerKw: parameter(400, [5, 100_000], 'Power that the connection is designed for.'),
    meterNoiseShare: parameter(0, [0, 0.1], 'Largest error of the meter, as a share.'),
    lightingShare: parameter(
      0.04,
      [0, 0.5],
      'Lighting at full production, as a share of the rated power.',
    ),
    officeShare: parameter(0.03, [0, 0.5], 'Offices while staffed, as a share of the rated power.'),
    standingShare: parameter(
      0.01,
      [0, 0.5],
      'Servers, gates and emergency lights at any time, as a share of the rated power.',
    ),
    noLoadLossShare: parameter(0.001, [0, 0.02], 'No-load loss, as a share of the rated power.'),
    loadLossShare: parameter(
      0.0081,
      [0, 0.1],
      'Winding loss at full load, as a share of that load.',
    ),
    lineLossShare: parameter(0.006, [0, 0.1], 'Line loss at full load, as a share of that load.'),
    magnetisingShare: parameter(
      0.01,
      [0, 0.1],
      'Reactive power of the core, as a share of the rated power.',
    ),
    leakageShare: parameter(
      0.04,
      [0, 0.2],
      'Reactive power of the windings at rated power, as a share of it.',
    ),
  },

  derived: (p) => ({ ratedKva: KVA_PER_KW * p.ratedPowerKw }),

  channels: { energy: ELECTRICITY },

  isMainMeter: true,

  anchorS: (_p, _site, tS) => Math.floor(tS / SLOT_S) * SLOT_S,

  start: () => ({
    baseKw: 0,
    // For the interval just reported.
    baseMeanKw: 0,
    machinesKw: 0,
    lossKw: 0,
    reactiveKvar: 0,
    operatingMode: RUNNING,
  }),

  begin(s, p, site, random, tS) {
    const slotS = Math.floor(tS / SLOT_S) * SLOT_S;
    const { load } = site.at(slotS);
    const lit = LIT_SHARE + (1 - LIT_SHARE) * load;
    const staffed = clamp((load - OFFICE_LOAD) / (1 - OFFICE_LOAD), 0, 1);
    const variation = 1 + clamp(0.03 * random.smooth(VARIATION, 1800, slotS), -0.1, 0.1);
    const share = p.standingShare + p.lightingShare * lit + p.officeShare * staffed;
    s.baseKw = p.ratedPowerKw * share * variation;
    return slotS + SLOT_S;
  },

  sums: ['baseKws', 'machinesKws', 'machinesKvars'],

  accumulate(s, _p, fromS, toS) {
    s.baseKws += s.baseKw * (toS - fromS);
  },

  report(s, p, _site, _random, _tS, intervalS) {
    s.machinesKw = s.machinesKws / intervalS;
    s.baseMeanKw = s.baseKws / intervalS;
    const activeKw = s.machinesKw + s.baseMeanKw;
    const reactiveKvar = s.machinesKvars / intervalS + BASE_REACTIVE * s.baseMeanKw;
    const kva = Math.sqrt(activeKw * activeKw + reactiveKvar * reactiveKvar);
    const square = (kva / p.ratedKva) * (kva / p.ratedKva);
    const lossShare = p.noLoadLossShare + (p.loadLossShare + p.lineLossShare) * square;
    s.lossKw = p.ratedPowerKw * lossShare;
    s.powerKw = activeKw + s.lossKw;
    s.reactiveKvar = reactiveKvar + p.ratedKva * (p.magnetisingShare + p.leakageShare * square);
  },

  powerFactor: (s, _p, powerKw) => powerFactor(powerKw, s.reactiveKvar),

  faults: {},

  alerts: {
    CONNECTION_OVERLOADED: {
      message: 'More power is drawn than the connection is made for',
      signal: 'power as a share of the rated power of the connection',
      limits: [1, 1.15],
      band: 0.05,
      value: (s, p) => s.powerKw / p.ratedPowerKw,
    },
  },
});

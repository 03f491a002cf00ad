/** Each check fails if the physics it covers is broken on purpose. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { MachineType, Values } from '../../src/core/machine.ts';
import { changedSite, type Extent, type SiteOverride } from '../../src/core/realism.ts';
import type { Site } from '../../src/core/site.ts';
import { DEFAULT_FACTORY } from '../../src/factory/default-factory.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { SHORT } from '../../src/validation/extent.ts';
import { validate } from '../../src/validation/validate.ts';

/** Two days of one summer are enough to detect what is broken. */
const TWO_DAYS: Extent = {
  ...SHORT,
  seasons: SHORT.seasons.slice(-1),
  days: 2,
  fastDays: 1,
  winters: 2,
};

type State = Values<string>;

/** A copy of a type that corrupts what it reports. */
function reporting(type: string, spoil: (state: State, p: Readonly<State>) => void) {
  return changed(type, (healthy) => ({
    report(s, p, site, random, tS, intervalS) {
      healthy.report(s, p, site, random, tS, intervalS);
      spoil(s, p);
    },
  }));
}

/** A copy of a type in which one fault has the opposite effect. */
function faultTurned(type: string, fault: string) {
  return changed(type, (healthy) => {
    const own = healthy.faults[fault];
    assert.ok(own, `${type} has no ${fault}`);
    return {
      faults: { ...healthy.faults, [fault]: { ...own, apply: (p, x) => own.apply(p, -x) } },
    };
  });
}

/** A copy of a type with another default of a parameter. */
function parameterised(type: string, key: string, value: number) {
  return changed(type, ({ parameters }) => {
    const own = parameters[key];
    assert.ok(own, `${type} has no ${key}`);
    return { parameters: { ...parameters, [key]: { ...own, value } } };
  });
}

function changed(type: string, change: (healthy: MachineType) => Partial<MachineType>) {
  const types = machineTypes.map((each) =>
    each.type === type ? { ...each, ...change(each) } : each,
  );
  assert.ok(machineTypes.some((each) => each.type === type));
  return { types };
}

function around(change: (site: Site) => Partial<Site>): { site: SiteOverride } {
  return { site: (site) => changedSite(site, change(site)) };
}

const HALF_DAY_S = 43_200;
let readings = 0;

const BREAKAGES: readonly [
  about: string,
  id: string,
  broken: { types?: readonly MachineType[]; site?: SiteOverride },
][] = [
  [
    'units that are neither good nor bad',
    'common.counts',
    reporting('motor', (s) => {
      s['productionCountBad'] = 0;
    }),
  ],
  [
    'a power that depends on how often it is read',
    'common.additivity',
    changed('pump', (healthy) => ({
      accumulate(s, p, fromS, toS) {
        healthy.accumulate(s, p, fromS, toS);
        s['energyKws'] = (s['energyKws'] as number) + 0.001;
      },
    })),
  ],
  [
    'a machine that remembers how often it was read',
    'common.replay',
    reporting('hvac', (s) => {
      s['indoorTempC'] = (s['indoorTempC'] as number) + 0.01 * readings++;
    }),
  ],
  [
    'nights that are worked like days',
    'common.weekly_shift',
    around((site) => ({
      at: (tS) => ({ ...site.at(tS), load: Math.max(0.7, site.at(tS).load) }),
    })),
  ],
  [
    'a frequency that swings twice as far',
    'grid.freq_sigma',
    around((site) => ({ frequencyHz: (tS) => 2 * site.frequencyHz(tS) - 50 })),
  ],
  [
    'a voltage an eighth too low',
    'grid.volt_en50160',
    around((site) => ({ voltageV: (tS) => 0.875 * site.voltageV(tS) })),
  ],
  [
    'a day that is warmest at night',
    'weather.peak_hour',
    around((site) => ({ at: (tS) => ({ ...site.at(tS + HALF_DAY_S), tS }) })),
  ],
  [
    'summer in winter',
    'weather.jja_mean',
    around((site) => ({ at: (tS) => ({ ...site.at(tS + 365 * HALF_DAY_S), tS }) })),
  ],
  [
    'pressure below that of the air',
    'comp.press_range',
    reporting('compressor', (s) => {
      s['pressureBar'] = -(s['pressureBar'] as number);
    }),
  ],
  [
    'air for less than its compression costs',
    'comp.sp_floor',
    reporting('compressor', (s) => {
      s['flowRateM3h'] = 2 * (s['flowRateM3h'] as number);
    }),
  ],
  [
    'air for half of the power that any compressor takes',
    'comp.sp_full',
    reporting('compressor', (s) => {
      s['powerKw'] = (s['powerKw'] as number) / 2;
    }),
  ],
  [
    'a drive that saves nothing',
    'comp.curve50_vsd',
    changed('compressor', ({ begin }) => ({
      begin(s, p, site, random, tS) {
        const endS = begin(s, p, site, random, tS);
        s['partShare'] = 1;
        return endS;
      },
    })),
  ],
  ['no unloaded power', 'comp.unloaded', parameterised('compressor', 'unloadedShare', 0.05)],
  ['a sump that blows down at once', 'comp.blowdown', parameterised('compressor', 'blowDownS', 2)],
  ['a network without a leak', 'comp.leakshare', parameterised('compressor', 'leakShare', 0)],
  [
    'an idle motor that takes no reactive power',
    'comp.pf_unloaded',
    changed('compressor', () => ({ powerFactor: () => 0.87 })),
  ],
  ['a leak that mends the network', 'comp.leak15', faultTurned('compressor', 'leak')],
  ['a chiller better than the ideal one', 'hvac.cop35', parameterised('hvac', 'exergyShare', 1.2)],
  [
    'a COP upside down',
    'hvac.balance',
    reporting('hvac', (s) => {
      s['cop'] = 1 / (s['cop'] as number);
    }),
  ],
  ['a leak that adds refrigerant', 'hvac.ref15', faultTurned('hvac', 'refrigerant_leak')],
  ['a belt without friction', 'mot.empty', parameterised('motor', 'emptyShare', 0.1)],
  ['bearings that wear smooth', 'mot.bear5', faultTurned('motor', 'bearing_wear')],
  ['a seal that leaks inwards', 'pump.seal5_p', faultTurned('pump', 'seal_leak')],
  [
    'more work than is put in',
    'pump.work',
    reporting('pump', (s) => {
      s['powerKw'] = (s['powerKw'] as number) / 2;
    }),
  ],
  [
    'oil that gets cold by work',
    'pump.oil',
    reporting('pump', (s) => {
      s['machineTempC'] = 2 * (s['indoorTempC'] as number) - (s['machineTempC'] as number);
    }),
  ],
  [
    'parts melted with less than their heat',
    'imm.sec_ratio',
    reporting('injection_molding', (s) => {
      s['powerKw'] = (s['powerKw'] as number) / 5;
    }),
  ],
  [
    'a broken heater that makes good parts',
    'imm.heat5',
    faultTurned('injection_molding', 'heater_fault'),
  ],
  [
    'steam hotter than its pressure',
    'boil.sat',
    reporting('boiler', (s) => {
      s['temperatureC'] = (s['temperatureC'] as number) + 2;
    }),
  ],
  [
    'an efficiency that is counted twice',
    'boil.eta',
    reporting('boiler', (s) => {
      s['consumptionM3'] = (s['consumptionM3'] as number) / 0.83;
    }),
  ],
  [
    'a machine that shakes itself apart',
    'vib.healthy',
    reporting('pump', (s) => {
      s['vibrationMmS'] = 3 * (s['vibrationMmS'] as number);
    }),
  ],
];

for (const [about, id, broken] of BREAKAGES)
  test(`${id} fails for ${about}`, () => {
    const run = (options: object) =>
      validate({ factories: [DEFAULT_FACTORY], extent: TWO_DAYS, only: [id], ...options })[0];
    assert.equal(run({})?.outcome, 'pass', `${id} must pass before it is broken`);
    assert.equal(run(broken)?.outcome, 'fail');
  });

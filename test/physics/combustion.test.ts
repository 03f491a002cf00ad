import assert from 'node:assert/strict';
import test from 'node:test';
import {
  boilerEfficiencyShare,
  dryFlueLossShare,
  saturationBar,
  saturationTempC,
  steamEnthalpyKjKg,
} from '../../src/physics/combustion.ts';

const LOSSES = { latentShare: 0.099, radiationShare: 0.006, blowDownShare: 0.012 };

function near(actual: number, expected: number, tolerance: number, what = ''): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} ${actual}, not ${expected}`);
}

/** Dry saturated steam: absolute pressure [bar], temperature [°C], enthalpy [kJ/kg]; IAPWS-IF97. */
const STEAM_TABLE = [
  [1.01325, 99.97, 2675.6],
  [2, 120.21, 2706.2],
  [5, 151.84, 2748.1],
  [8, 170.41, 2768.3],
  [11, 184.06, 2780.7],
  [15, 198.3, 2791.0],
] as const;

test('water boils at the temperatures of the steam tables, within half a kelvin', () => {
  for (const [bar, tempC] of STEAM_TABLE) near(saturationTempC(bar), tempC, 0.5, `${bar} bar:`);
});

test('at 10 bar above the atmosphere water boils at 184 °C', () => {
  near(saturationTempC(11.013), 184.3, 0.05);
});

test('the pressure of boiling water is the inverse of its temperature', () => {
  for (const tempC of [100, 105, 143.7, 184, 200])
    near(saturationTempC(saturationBar(tempC)), tempC, 1e-9);
});

test('steam has the enthalpy of the steam tables, within a kilojoule', () => {
  for (const [, tempC, enthalpyKjKg] of STEAM_TABLE)
    near(steamEnthalpyKjKg(tempC), enthalpyKjKg, 1, `${tempC} °C:`);
});

test('flue gas as cold as the air carries no heat away', () => {
  assert.equal(dryFlueLossShare(25, 25, 3.5), 0);
});

test('flue gas of 160 °C and 3.5 % oxygen carries away 5.7 % of the gross heat', () => {
  near(dryFlueLossShare(160, 25, 3.5), 0.9 * 1.35 * (0.66 / 17.5 + 0.009), 1e-12);
  near(dryFlueLossShare(160, 25, 3.5), 0.0567, 1e-4);
});

test('22 K more in the stack cost 1 % of the fuel, as a rule of thumb says', () => {
  near(dryFlueLossShare(182, 25, 3.5) - dryFlueLossShare(160, 25, 3.5), 0.01, 0.001);
});

test('the more air, the more heat it carries away', () => {
  for (let oxygen = 1; oxygen < 12; oxygen++)
    assert.ok(dryFlueLossShare(140, 25, oxygen + 1) > dryFlueLossShare(140, 25, oxygen));
});

test('without any loss all heat is in the steam', () => {
  const none = { latentShare: 0, radiationShare: 0, blowDownShare: 0 };
  assert.equal(boilerEfficiencyShare(0, 0.5, none), 1);
});

test('losses and efficiency add up to the fuel', () => {
  const dry = dryFlueLossShare(140, 25, 3.5);
  const efficiency = boilerEfficiencyShare(dry, 0.5, LOSSES);
  near(efficiency + dry + 0.099 + 0.006 / 0.5 + 0.012, 1, 1e-12);
});

test('a boiler with an economiser is 82 to 83 % efficient from quarter to full load', () => {
  const cases = [
    [0.25, 0.824],
    [0.5, 0.832],
    [0.75, 0.83],
    [1, 0.826],
  ] as const;
  for (const [load, expected] of cases) {
    const oxygen = 3.5 + 4 * Math.max(0, 0.5 - load);
    const dry = dryFlueLossShare(105 + 55 * load, 25, oxygen);
    near(boilerEfficiencyShare(dry, load, LOSSES), expected, 0.0006, `at ${load}:`);
  }
});

test('at low load the loss through the insulation dominates', () => {
  const at = (load: number) => boilerEfficiencyShare(0.05, load, LOSSES);
  assert.ok(at(0.1) < at(0.25) - 0.03 && at(0.25) < at(1));
});

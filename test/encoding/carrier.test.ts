import assert from 'node:assert/strict';
import test from 'node:test';
import { CARRIERS, carrierColumns, carrierOf } from '../../src/encoding/carrier.ts';
import { tableNameOf } from '../../src/encoding/reading-tables.ts';
import { machineTypes } from '../../src/machines/index.ts';
import { boiler } from './sample.ts';

test('every channel of energy readings has a carrier, and power and energy', () => {
  for (const type of machineTypes)
    for (const channel of type.channels) {
      const isEnergy = tableNameOf(channel.name) === 'energy_readings';
      assert.equal(carrierOf(channel.name) !== undefined, isEnergy, `${type.type} ${channel.name}`);
      if (isEnergy) assert.doesNotThrow(() => carrierColumns(type, channel));
    }
});

test('channels and names of carriers are unique', () => {
  assert.equal(new Set(CARRIERS.map(({ channel }) => channel)).size, CARRIERS.length);
  assert.equal(new Set(CARRIERS.map(({ name }) => name)).size, CARRIERS.length);
});

test('a channel without power, energy or a known flow is an error', () => {
  const [production] = boiler.channels.filter(({ name }) => name === 'production');
  assert.throws(() => carrierColumns(boiler, production as NonNullable<typeof production>), {
    name: 'RangeError',
    message: 'boiler: the channel production has neither power nor energy',
  });
});

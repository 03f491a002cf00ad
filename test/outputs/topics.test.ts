import assert from 'node:assert/strict';
import { it } from 'node:test';
import { channelTopics, statusTopic } from '../../src/outputs/mqtt/messages.ts';
import { boiler, filler, machineOf } from '../encoding/sample.ts';

it('a machine has a topic for each of its channels and one for its status', () => {
  const machine = machineOf(filler);
  assert.deepEqual(channelTopics(machine), [
    'factory/demo/filler-1/energy',
    'factory/demo/filler-1/production',
    'factory/demo/filler-1/environmental',
  ]);
  assert.equal(statusTopic(machine), 'factory/demo/filler-1/status');
});

it('a boiler has a topic for each energy carrier in place of energy', () => {
  const topics = channelTopics(machineOf(boiler));
  assert.deepEqual(topics.slice(0, 3), [
    'factory/demo/boiler-1/electricity',
    'factory/demo/boiler-1/natural_gas',
    'factory/demo/boiler-1/steam',
  ]);
});

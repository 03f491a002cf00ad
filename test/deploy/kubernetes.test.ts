import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { mqttOptions } from '../../src/outputs/mqtt/index.ts';
import { imageEnvironment } from './container-file.ts';
import { file, textOf } from './files.ts';
import * as manifest from './manifests.ts';
import { type Manifest, manifestsIn, validate } from './manifests.ts';

const FOLDER = 'deploy/kubernetes';

const manifests: Manifest[] = readdirSync(file(FOLDER))
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => manifestsIn(textOf(`${FOLDER}/${name}`)));

const find = (kind: string, name: string) => manifest.find(manifests, kind, name);

test('every manifest follows the published schema of its kind', () => {
  assert.equal(manifests.length, 8);
  for (const manifest of manifests) validate(manifest);
});

test('a manifest with a missing part or a value of the wrong type violates it', () => {
  const deployment = find('Deployment', 'enms-simulator-api');
  for (const spec of [{ ...deployment.spec, selector: undefined }, { replicas: 'two' }])
    assert.throws(() => validate({ ...deployment, spec: { ...deployment.spec, ...spec } }));
});

test('references to pods, ports, settings and deployments are valid', () => {
  for (const role of ['api', 'worker']) {
    const name = `enms-simulator-${role}`;
    const { spec } = find('Deployment', name);
    const { labels } = spec.template.metadata;
    assert.deepEqual(spec.selector.matchLabels, labels);
    assert.deepEqual(find('PodDisruptionBudget', name).spec.selector.matchLabels, labels);
    for (const { configMapRef, secretRef } of spec.template.spec.containers[0].envFrom)
      if (configMapRef) find('ConfigMap', configMapRef.name);
      else find('Secret', secretRef.name);
  }
  const { spec } = find('Service', 'enms-simulator-api');
  const api = find('Deployment', 'enms-simulator-api').spec.template;
  assert.deepEqual(spec.selector, api.metadata.labels);
  const [container] = api.spec.containers;
  const ports = container.ports.map(({ name }: Manifest) => name);
  assert.ok(ports.includes(spec.ports[0].targetPort));
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
    assert.ok(ports.includes(container[probe].httpGet.port), probe);
  assert.equal(String(container.ports[0].containerPort), imageEnvironment()['API_PORT']);
  const { scaleTargetRef } = find('HorizontalPodAutoscaler', 'enms-simulator-worker').spec;
  find(scaleTargetRef.kind, scaleTargetRef.name);
});

test('the settings are those of a live cluster, and nothing in them is secret', () => {
  const { data } = find('ConfigMap', 'enms-simulator');
  const { stringData } = find('Secret', 'enms-simulator');
  const env = { ...imageEnvironment(), ...data, ...stringData };
  const { cluster, outputs } = loadConfiguration({ env, cwd: tmpdir() });
  assert.equal(cluster.isLive, true);
  assert.equal(mqttOptions(outputs).external?.host, 'MQTT-BROKER');
  for (const name of Object.keys(data))
    assert.equal(VARIABLES[name as keyof typeof VARIABLES]?.isSecret, false, name);
});

test('pods run without privileges, and get more than five seconds to stop', () => {
  for (const role of ['api', 'worker']) {
    const { spec } = find('Deployment', `enms-simulator-${role}`).spec.template;
    assert.ok(spec.terminationGracePeriodSeconds > 5);
    assert.equal(spec.securityContext.runAsNonRoot, true);
    const { securityContext, image } = spec.containers[0];
    assert.equal(securityContext.readOnlyRootFilesystem, true);
    assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
    assert.equal(image, 'IMAGE');
  }
});

/** Kubernetes manifests, checked against the published schemas of their kinds. */
import assert from 'node:assert/strict';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';

/** The published schemas of the resources in use, by kind. */
const MODELS = {
  ConfigMap,
  Secret,
  Service,
  Deployment,
  StatefulSet,
  HorizontalPodAutoscaler,
  Ingress,
  PodDisruptionBudget,
} as const;

// biome-ignore lint/suspicious/noExplicitAny: the tests check it against its schema.
export type Manifest = any;

/** The resources in a text. */
export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

/** Checks a resource against the schema of its kind. @throws Error that says what is wrong. */
export function validate(manifest: Manifest): void {
  const Model = MODELS[manifest.kind as keyof typeof MODELS];
  assert.ok(Model, `no schema for ${manifest.kind}`);
  const model = new Model(manifest);
  model.validate();
  assert.deepEqual([manifest.apiVersion, manifest.kind], [model.apiVersion, model.kind]);
}

/** The resource of a kind and a name. */
export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  assert.ok(found, `no ${kind} ${name}`);
  return found;
}

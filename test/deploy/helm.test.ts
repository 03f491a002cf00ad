import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import test, { after, before, describe } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { loadConfiguration } from '../../src/config/load.ts';
import { VARIABLES } from '../../src/config/variables.ts';
import { imageEnvironment } from './container-file.ts';
import { file, ROOT, textOf } from './files.ts';
import { type Helm, unpackHelm, withoutHelm } from './helm.ts';
import { find, type Manifest, manifestsIn, validate } from './manifests.ts';

const CHART = 'deploy/helm/enms-simulator';
/** A release that is named for the chart gives its name to all resources. */
const NAME = 'enms-simulator';
const CLUSTER = [
  'cluster.enabled=true',
  'secret.name=secrets',
  'settings.MQTT_HOST=broker',
  'settings.POSTGRES_HOST=postgres',
];
const INGRESS = ['ingress.enabled=true', 'secret.name=secrets', 'ingress.host=sim.example'];
/** Values with which the chart is installed, and the kinds of resources that it makes then. */
const VALUES: Readonly<Record<string, readonly [values: readonly string[], kinds: string]>> = {
  'no values': [[], 'ConfigMap Service StatefulSet'],
  'a data folder that ends with the pod': [
    ['persistence.enabled=false'],
    'ConfigMap Service StatefulSet',
  ],
  'a claim of one’s own': [['persistence.existingClaim=mine'], 'ConfigMap Service StatefulSet'],
  'a broker and a database': [
    ['settings.MQTT_HOST=broker', 'settings.POSTGRES_HOST=postgres', 'secret.name=secrets'],
    'ConfigMap Service StatefulSet',
  ],
  'an ingress below a path': [
    [...INGRESS, 'ingress.path=/plant/sim', 'ingress.tlsSecret=certificate'],
    'ConfigMap Ingress Service StatefulSet',
  ],
  'a cluster': [
    CLUSTER,
    'ConfigMap Deployment Deployment PodDisruptionBudget PodDisruptionBudget Service',
  ],
  'a cluster that scales': [
    [...CLUSTER, 'cluster.worker.autoscaling.enabled=true', 'image.pullSecrets[0]=registry'],
    'ConfigMap Deployment Deployment HorizontalPodAutoscaler PodDisruptionBudget ' +
      'PodDisruptionBudget Service',
  ],
};

test('the chart installs the simulator’s own version', () => {
  const { appVersion } = parse(textOf(`${CHART}/Chart.yaml`));
  assert.equal(appVersion, JSON.parse(textOf('package.json')).version);
});

test('the default values follow their schema, and an unknown one does not', () => {
  const check = new Ajv().compile(JSON.parse(textOf(`${CHART}/values.schema.json`)));
  const values = parse(textOf(`${CHART}/values.yaml`));
  assert.equal(check(values), true, JSON.stringify(check.errors));
  assert.equal(check({ ...values, replicas: 2 }), false);
});

test('every secret of the simulator is refused among the settings', () => {
  const checks = textOf(`${CHART}/templates/_checks.tpl`);
  const refused = [...checks.matchAll(/range list ((?:"\w+" ?)+)/g)].flatMap(
    ([, list = '']) => list.match(/\w+/g) ?? [],
  );
  for (const [name, { isSecret }] of Object.entries(VARIABLES))
    if (isSecret) assert.ok(refused.includes(name), name);
});

describe('with Helm', { skip: withoutHelm() }, () => {
  let helm: Helm;
  before(() => {
    helm = unpackHelm();
  });
  after(() => helm.close());

  const chosen = (values: readonly string[]) => values.flatMap((each) => ['--set', each]);
  const template = (values: readonly string[], ...more: readonly string[]) =>
    helm.run('template', NAME, file(CHART), ...chosen(values), ...more);
  const rendered = new Map<string, Manifest[]>();
  const render = (values: readonly string[], ...more: readonly string[]): Manifest[] => {
    const key = [...values, ...more].join();
    const known = rendered.get(key);
    if (known) return known;
    const { status, stdout, stderr } = template(values, ...more);
    assert.equal(status, 0, stderr);
    const manifests = manifestsIn(stdout);
    rendered.set(key, manifests);
    return manifests;
  };
  /** The configuration of the simulator in a container, secrets apart. */
  const configured = (manifests: readonly Manifest[], secrets = {}) => {
    const { data } = find(manifests, 'ConfigMap', NAME);
    const env = { ...imageEnvironment(), ...data, ...secrets };
    return loadConfiguration({ env, cwd: tmpdir() });
  };

  for (const [what, [values, kinds]] of Object.entries(VALUES))
    test(`with ${what}, the chart passes the linter, and every resource its schema`, () => {
      const { status, stdout } = helm.run('lint', '--strict', file(CHART), ...chosen(values));
      assert.equal(status, 0, stdout);
      const manifests = render(values);
      for (const manifest of manifests) validate(manifest);
      assert.equal(
        manifests
          .map(({ kind }) => kind)
          .sort()
          .join(' '),
        kinds,
      );
      for (const { metadata } of manifests) assert.ok(metadata.name.startsWith(NAME));
    });

  test('alone, the simulator keeps its data in a volume of its own', () => {
    const { spec } = find(render([]), 'StatefulSet', NAME);
    assert.equal(spec.replicas, 1);
    assert.deepEqual(
      spec.volumeClaimTemplates.map(({ metadata }: Manifest) => metadata.name),
      ['data'],
    );
    assert.deepEqual(spec.template.spec.containers[0].args, ['run']);
    const own = find(render(['persistence.existingClaim=mine']), 'StatefulSet', NAME).spec;
    assert.equal(own.volumeClaimTemplates, undefined);
    const data = own.template.spec.volumes.find(({ name }: Manifest) => name === 'data');
    assert.deepEqual(data.persistentVolumeClaim, { claimName: 'mine' });
  });

  test('pods are selected by their labels, and every reference has its target', () => {
    for (const [what, [values]] of Object.entries(VALUES)) {
      const manifests = render(values);
      const labels = manifests.flatMap(({ spec }) => spec?.template?.metadata.labels ?? []);
      const matching = (wanted: object) =>
        labels.filter((each) =>
          Object.entries(wanted).every(([key, value]) => each[key] === value),
        );
      for (const { kind, spec } of manifests) {
        const wanted = kind === 'Service' ? spec.selector : spec?.selector?.matchLabels;
        if (wanted) assert.equal(matching(wanted).length, 1, `${what}: ${kind}`);
        for (const { envFrom } of spec?.template?.spec.containers ?? [])
          for (const { configMapRef, secretRef } of envFrom)
            if (configMapRef) find(manifests, 'ConfigMap', configMapRef.name);
            else assert.equal(secretRef.name, 'secrets', what);
        for (const { http } of spec?.rules ?? [])
          find(manifests, 'Service', http.paths[0].backend.service.name);
        if (kind === 'HorizontalPodAutoscaler')
          find(manifests, spec.scaleTargetRef.kind, spec.scaleTargetRef.name);
      }
      const { ports } = find(manifests, 'Service', NAME).spec;
      const containers = manifests.flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
      const open = containers.flatMap(({ ports: own = [] }) =>
        own.map(({ name }: Manifest) => name),
      );
      for (const { targetPort } of ports) assert.ok(open.includes(targetPort), what);
    }
  });

  test('a cluster runs as in the plain manifests', () => {
    const manifests = render([...CLUSTER, 'cluster.worker.autoscaling.enabled=true']);
    for (const role of ['api', 'worker']) {
      const [plain] = manifestsIn(
        textOf(`deploy/kubernetes/${role === 'worker' ? 'workers' : role}.yaml`),
      );
      const ours = find(manifests, 'Deployment', `${NAME}-${role}`).spec;
      assert.deepEqual(ours.strategy, plain.spec.strategy);
      const { containers: own, ...pod } = ours.template.spec;
      const { containers, ...plainPod } = plain.spec.template.spec;
      for (const key of ['args', 'resources', 'securityContext', 'livenessProbe', 'readinessProbe'])
        assert.deepEqual(own[0][key], containers[0][key], `${role}: ${key}`);
      for (const key of ['terminationGracePeriodSeconds', 'automountServiceAccountToken'])
        assert.equal(pod[key], plainPod[key], `${role}: ${key}`);
    }
    const plain = manifestsIn(textOf('deploy/kubernetes/workers.yaml'));
    const scaling = (among: readonly Manifest[]) =>
      find(among, 'HorizontalPodAutoscaler', `${NAME}-worker`).spec;
    assert.deepEqual(scaling(manifests), scaling(plain));
  });

  test('the simulator accepts the settings, large numbers included', () => {
    const { simulation, catchUpRate } = configured(
      render(['settings.SIMULATION_SPEED=60', 'settings.CATCH_UP_RATE=1000000']),
    );
    assert.equal(simulation.speed, 60);
    assert.equal(catchUpRate, 1_000_000);
    const { cluster } = configured(render(CLUSTER), { REDIS_URL: 'redis://redis' });
    assert.equal(cluster.isLive, true);
  });

  test('the commands and values of the README install it', () => {
    const readme = textOf('deploy/helm/README.md').replaceAll(/ *\\\n */g, ' ');
    const commands = [...readme.matchAll(/^helm (?:install|upgrade) (\S+ .*)$/gm)];
    assert.equal(commands.length, 4);
    for (const [, words = ''] of commands) {
      const given = words.replace(' --reuse-values', '').split(' ');
      // Helm takes the factory from a path in the repository.
      const placed = given.map((word) =>
        word.replace(/^(factory=)?(deploy|examples)\//, `$1${ROOT}$2/`),
      );
      const { status, stderr } = helm.run('template', ...placed);
      assert.equal(status, 0, `${words}: ${stderr}`);
    }
    const ingress = parse(/```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '').ingress;
    const manifests = render(
      [...INGRESS],
      '--set-json',
      `ingress=${JSON.stringify({
        ...ingress,
        enabled: true,
        host: 'sim.example',
      })}`,
    );
    const found = find(manifests, 'Ingress', NAME);
    validate(found);
    assert.deepEqual(found.metadata.annotations, ingress.annotations);
    const [path] = found.spec.rules[0].http.paths;
    assert.deepEqual([path.path, path.pathType], [ingress.path, ingress.pathType]);
    // The address that the simulator gets: what the second group matched, after a slash.
    const rewritten = (address: string) => address.replace(new RegExp(`^${path.path}$`), '/$2');
    assert.equal(rewritten('/plant/sim/docs'), '/docs');
    assert.equal(rewritten('/plant/sim'), '/');
  });

  test('a factory file is mounted where the simulator looks for it', () => {
    const from = file('examples/two-sites.yaml');
    const manifests = render([], '--set-file', `factory=${from}`);
    const { data } = find(manifests, 'ConfigMap', NAME);
    const [container] = find(manifests, 'StatefulSet', NAME).spec.template.spec.containers;
    const mount = container.volumeMounts.find(({ name }: Manifest) => name === 'factory');
    const [name = '', text] = Object.entries(
      find(manifests, 'ConfigMap', `${NAME}-factory`).data,
    )[0] as [string, string];
    assert.equal(data.FACTORY_FILE, `${mount.mountPath}/${name}`);
    assert.deepEqual(parse(text), parse(textOf('examples/two-sites.yaml')));
  });

  test('a change of the settings restarts the pods, and nothing else does', () => {
    const digest = (values: readonly string[]) =>
      find(render(values), 'StatefulSet', NAME).spec.template.metadata.annotations[
        'checksum/settings'
      ];
    assert.equal(digest([]), digest(['service.type=ClusterIP']));
    assert.notEqual(digest([]), digest(['settings.SIMULATION_SEED=7']));
  });

  test('an ingress requires a key, and a pod does not start if its Secret has none', () => {
    for (const values of [['ingress.enabled=true'], ['service.type=LoadBalancer']]) {
      const { status, stderr } = template(values);
      assert.notEqual(status, 0);
      assert.match(stderr, /opens the API to others: create a Secret with an API_KEY, and set/);
    }
    const [container] = find(render(INGRESS), 'StatefulSet', NAME).spec.template.spec.containers;
    assert.deepEqual(container.env, [
      { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'secrets', key: 'API_KEY' } } },
    ]);
  });

  test('values that contradict each other are refused, all at once', () => {
    const values = [
      'cluster.enabled=true',
      'settings.API_KEY=k',
      'settings.API_PORT=1',
      'factory=a',
    ];
    const { status, stderr } = template([...values, 'settings.FACTORY_FILE=b']);
    assert.notEqual(status, 0);
    for (const fault of [
      'settings.API_KEY is a secret',
      'settings.API_PORT has no place here',
      'factory and settings.FACTORY_FILE exclude each other',
      'cluster.enabled needs a broker',
      'cluster.enabled needs a Secret',
    ])
      assert.ok(stderr.includes(`\n${fault}`), fault);
  });

  test('a wrong name, type or size is an error that names the value', () => {
    for (const [value, place] of [
      ['replicas=2', 'replicas'],
      ['cluster.enabled=yes', '/cluster/enabled'],
      ['cluster.worker.replicas=0', '/cluster/worker/replicas'],
      ['persistence.size=2GB', '/persistence/size'],
      ['settings.speed=60', 'speed'],
      ['ingress.path=sim', '/ingress/path'],
    ] as const) {
      const { status, stderr } = template([value]);
      assert.notEqual(status, 0, value);
      assert.ok(stderr.includes(place), `${value}: ${stderr}`);
    }
  });

  test('the notes say how to reach the dashboard and how to allow changes', () => {
    const notes = (values: readonly string[]) =>
      helm.run('install', NAME, file(CHART), '--dry-run=client', ...chosen(values)).stdout;
    assert.match(notes([]), /port-forward service\/enms-simulator 8003/);
    assert.match(notes([]), /create secret generic enms-simulator --from-literal=API_KEY=/);
    const below = notes([...INGRESS, 'ingress.path=/sim', 'ingress.tlsSecret=certificate']);
    assert.match(below, /https:\/\/sim\.example\/sim\n/);
    assert.match(below, /has to remove \/sim/);
    assert.doesNotMatch(below, /create secret/);
  });
});

import { describe, expect, test } from 'vitest';
import type { StatefulSet } from '../generated/types.ts';
import { create, decoded, ruleContext, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const SETS = 'statefulsets.apps';
const base = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    },
    ...spec,
  },
});
const claim = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const made = (spec?: JsonObject, ...gates: string[]) =>
  create<StatefulSet>(SETS, base(spec), ruleContext(...gates));
const errorsOf = (spec: JsonObject, ...gates: string[]) => made(spec, ...gates).errors;
const GATE = 'MaxUnavailableStatefulSet';

describe('defaults of StatefulSets', () => {
  test('SS-701, SS-702, SS-704: a plain set gets policy, strategy, history and retention', () => {
    const { object, errors } = made();
    expect(errors).toEqual([]);
    expect(object.spec).toMatchObject({
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    expect(object.spec?.updateStrategy?.rollingUpdate).toEqual({ partition: 0 });
    expect(object.spec).not.toHaveProperty('ordinals');
  });

  test('SS-702: with the gate maxUnavailable is 1', () => {
    const { object } = made({}, GATE);
    expect(object.spec?.updateStrategy?.rollingUpdate).toEqual({ partition: 0, maxUnavailable: 1 });
  });

  test('SS-423, SS-703: a type without a block gets no block', () => {
    const { object } = made({ updateStrategy: { type: 'RollingUpdate' } });
    expect(object.spec?.updateStrategy).toEqual({ type: 'RollingUpdate' });
  });

  test('SS-703: a block that is given is completed', () => {
    const blockOf = (rollingUpdate: JsonObject, ...gates: string[]) =>
      made({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } }, ...gates).object.spec
        ?.updateStrategy?.rollingUpdate;
    expect(blockOf({})).toEqual({ partition: 0 });
    expect(blockOf({ partition: 2 })).toEqual({ partition: 2 });
    expect(blockOf({ partition: 2 }, GATE)).toEqual({ partition: 2, maxUnavailable: 1 });
    expect(blockOf({ maxUnavailable: '50%' }, GATE)).toEqual({
      partition: 0,
      maxUnavailable: '50%',
    });
  });

  test('SS-704: a policy of one field is completed', () => {
    const policy = { whenDeleted: 'Delete' };
    const { object } = made({ persistentVolumeClaimRetentionPolicy: policy });
    expect(object.spec?.persistentVolumeClaimRetentionPolicy).toEqual({
      whenDeleted: 'Delete',
      whenScaled: 'Retain',
    });
  });

  test('SS-705: empty ordinals begin at 0', () => {
    const { object, errors } = made({ ordinals: {} });
    expect(errors).toEqual([]);
    expect(object.spec?.ordinals?.start ?? 0).toBe(0);
  });

  test('SS-702: with the gate off maxUnavailable is dropped, even a wrong one', () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 'x' } };
    const { object, errors } = made({ updateStrategy });
    expect(errors).toEqual([]);
    expect(object.spec?.updateStrategy?.rollingUpdate).toEqual({ partition: 0 });
  });

  test('SS-705, SS-220: template and claim templates get the defaults of pods and claims', () => {
    const { spec } = made({ volumeClaimTemplates: [claim()] }).object;
    expect(spec?.template?.spec).toEqual({
      containers: [
        {
          name: 'c',
          image: 'reg.example/app:1',
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
    expect(spec?.volumeClaimTemplates?.[0]).toMatchObject({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      spec: { volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
  });

  test('SS-706: a status that was sent is dropped', () => {
    const { object } = create<StatefulSet>(SETS, { ...base(), status: { replicas: 7 } });
    expect(object.status).toEqual({ replicas: 0, availableReplicas: 0 });
    expect(object.metadata.generation).toBe(1);
  });
});

describe('validation of new StatefulSets', () => {
  test('SS-711: the name is a label; dots have a message of their own', () => {
    const named = (name: string) => create(SETS, { ...base(), metadata: { name } }).errors;
    expect(named('a.b')).toEqual(['metadata.name: Invalid value: "a.b": must not contain dots']);
    expect(named('a'.repeat(63))).toEqual([]);
    expect(named('Web')[0]).toMatch(/a lowercase RFC 1123 label must consist of/);
  });

  test('SS-712: pod management policy', () => {
    expect(errorsOf({ podManagementPolicy: 'Sometimes' })).toEqual([
      'spec.podManagementPolicy: Invalid value: "Sometimes": ' +
        "must be 'OrderedReady' or 'Parallel'",
    ]);
  });

  test('SS-713: unknown strategies are reported with the whole strategy', () => {
    expect(errorsOf({ updateStrategy: { type: 'Recreate' } })).toEqual([
      'spec.updateStrategy: Invalid value: {"Type":"Recreate","RollingUpdate":null}: ' +
        "must be 'RollingUpdate' or 'OnDelete'",
    ]);
  });

  test('SS-713: Recreate is a strategy from 1.37 on, with its gate', () => {
    const errorsIn = (emulatedVersion: '1.36' | '1.37', ...gates: string[]) => {
      const context = { ...ruleContext(...gates), emulatedVersion };
      return create<StatefulSet>(SETS, base({ updateStrategy: { type: 'Recreate' } }), context)
        .errors;
    };
    expect(errorsIn('1.37', 'StatefulSetRecreateStrategy')).toEqual([]);
    expect(errorsIn('1.37')).toHaveLength(1);
    expect(errorsIn('1.36', 'StatefulSetRecreateStrategy')).toHaveLength(1);
  });

  test('SS-702: maxUnavailable is on by default from 1.37 on', () => {
    const context = { ...ruleContext(), emulatedVersion: '1.37' as const };
    const { object } = create<StatefulSet>(SETS, base(), context);
    expect(object.spec?.updateStrategy?.rollingUpdate).toEqual({ partition: 0, maxUnavailable: 1 });
  });

  test('SS-714: a block is only for RollingUpdate', () => {
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { partition: 1 } };
    expect(errorsOf({ updateStrategy })).toEqual([
      'spec.updateStrategy.rollingUpdate: Invalid value: ' +
        '{"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
    ]);
  });

  test.each([
    [0, ['Invalid value: 0: cannot be 0']],
    ['0%', ['Invalid value: "0%": cannot be 0']],
    [-1, ['Invalid value: -1: must be greater than or equal to 0']],
    ['101%', ['Invalid value: "101%": must not be greater than 100%']],
    [99, []],
    ['100%', []],
    ['1%', []],
  ])('SS-716: maxUnavailable %s', (maxUnavailable, expected) => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } };
    const path = 'spec.updateStrategy.rollingUpdate.maxUnavailable';
    expect(errorsOf({ updateStrategy }, GATE)).toEqual(
      expected.map((message) => `${path}: ${message}`),
    );
  });

  test.each(['x', '5', '-1%', '1.5%', '%', ''])('SS-716: maxUnavailable of the text %j', (text) => {
    const rollingUpdate = { maxUnavailable: text };
    const [first] = errorsOf({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } }, GATE);
    expect(first).toMatch(
      `spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: ${JSON.stringify(text)}: `,
    );
  });

  test('SS-715, SS-719: numbers are not negative, in order', () => {
    const spec = {
      replicas: -2,
      minReadySeconds: -3,
      ordinals: { start: -1 },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1 } },
    };
    const message = (value: number) =>
      `Invalid value: ${value}: must be greater than or equal to 0`;
    expect(errorsOf(spec)).toEqual([
      `spec.updateStrategy.rollingUpdate.partition: ${message(-1)}`,
      `spec.replicas: ${message(-2)}`,
      `spec.minReadySeconds: ${message(-3)}`,
      `spec.ordinals.start: ${message(-1)}`,
    ]);
  });

  test('SS-717: retention policy', () => {
    expect(errorsOf({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Keep' } })).toEqual([
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": ' +
        'supported values: "Retain", "Delete"',
    ]);
  });

  test('SS-718: claim templates follow the rules of claims', () => {
    const wrong = claim({ accessModes: ['RWO'], resources: { requests: { storage: '0' } } });
    expect(errorsOf({ volumeClaimTemplates: [wrong] })).toEqual([
      'spec.volumeClaimTemplates[0].spec.accessModes: Unsupported value: "RWO": supported ' +
        'values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Invalid value: "0": ' +
        'must be greater than zero',
    ]);
  });

  test('SS-718: access modes and a size are required, ReadWriteOncePod stands alone', () => {
    const at = 'spec.volumeClaimTemplates[0].spec';
    const empty = { ...claim(), spec: {} };
    expect(errorsOf({ volumeClaimTemplates: [empty] })).toEqual([
      `${at}.accessModes: Required value: at least 1 access mode is required`,
      `${at}.resources[storage]: Required value`,
    ]);
    const mixed = claim({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] });
    expect(errorsOf({ volumeClaimTemplates: [mixed] })[0]).toMatch(
      `${at}.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes`,
    );
  });

  test('SS-718: the name of a claim template is checked as a volume', () => {
    const nameless = { ...claim(), metadata: {} };
    expect(errorsOf({ volumeClaimTemplates: [nameless] })).toEqual([
      'spec.template.spec.volumes[0].persistentVolumeClaim.claimName: Required value',
      'spec.template.spec.volumes[0].name: Required value',
    ]);
    expect(errorsOf({ volumeClaimTemplates: [claim(), claim()] })).toEqual([]);
  });

  test('SS-720: serviceName is a label or empty', () => {
    expect(errorsOf({ serviceName: '' })).toEqual([]);
    expect(errorsOf({ serviceName: 'Bad.Name' })[0]).toMatch(/^spec.serviceName: Invalid value/);
  });

  test('SS-721: a selector is required and not empty', () => {
    expect(errorsOf({ selector: {} })).toEqual([
      'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
    ]);
    expect(errorsOf({ selector: null })).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: ' +
        '`selector` does not match template `labels`',
    ]);
  });

  test('SS-721: a selector that cannot be used hides the template', () => {
    const selector = { matchExpressions: [{ key: 'app', operator: 'In' }] };
    expect(errorsOf({ selector, template: {} })).toEqual([
      'spec.selector.matchExpressions[0].values: Required value: ' +
        "must be specified when `operator` is 'In' or 'NotIn'",
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"In"}]}',
    ]);
  });

  test('SS-722, SS-723: a missing template', () => {
    expect(errorsOf({ template: {} })).toEqual([
      'spec.template.metadata.labels: Invalid value: null: ' +
        '`selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ]);
  });

  test('SS-723: claim volumes can be mounted; hostname and subdomain are not looked at', () => {
    const template = (mount: string) => ({
      metadata: { labels: { app: 'web' } },
      spec: {
        hostname: 'Not.Valid',
        subdomain: 'x_y',
        containers: [
          { name: 'c', image: 'i', volumeMounts: [{ name: mount, mountPath: '/data' }] },
        ],
      },
    });
    const volumeClaimTemplates = [claim()];
    expect(errorsOf({ template: template('data'), volumeClaimTemplates })).toEqual([]);
    expect(errorsOf({ template: template('nope'), volumeClaimTemplates })).toEqual([
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "nope"',
    ]);
  });

  test('SS-723: labels of the template are checked twice', () => {
    const template = {
      metadata: { labels: { app: 'web', b: 'not ok' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    const errors = errorsOf({ template });
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatch(/^spec.template.labels: Invalid value: "not ok"/);
    const annotated = {
      ...template,
      metadata: { labels: { app: 'web' }, annotations: { 'a b': 'c' } },
    };
    expect(errorsOf({ template: annotated })[0]).toMatch(
      /^spec.template.annotations: Invalid value: "a b"/,
    );
  });

  test('SS-724, SS-725: pods of a set run always', () => {
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: {
        restartPolicy: 'Never',
        activeDeadlineSeconds: 5,
        containers: [{ name: 'c', image: 'i' }],
      },
    };
    expect(errorsOf({ template })).toEqual([
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: ' +
        'activeDeadlineSeconds in StatefulSet is not Supported',
    ]);
  });

  test('SS-726, SS-727: a negative history limit only warns, and replicas have no limit', () => {
    const { errors, warnings } = made({ revisionHistoryLimit: -1, replicas: 2147483647 });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; ' +
        'a value >= 0 is recommended',
    ]);
  });
});

describe('updates of StatefulSets', () => {
  const change = (edit: (spec: NonNullable<StatefulSet['spec']>) => void, spec?: JsonObject) =>
    update<StatefulSet>(SETS, base(spec), (set) => {
      if (set.spec) edit(set.spec);
    });

  test('SS-731: what may change bumps the generation', () => {
    const { errors, object } = change((spec) => {
      spec.replicas = 3;
      spec.ordinals = { start: 2 };
      spec.updateStrategy = { type: 'OnDelete' };
      spec.revisionHistoryLimit = 1;
      spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete' };
      spec.minReadySeconds = 4;
      spec.template.spec!.containers[0]!.image = 'reg.example/app:2';
    });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
  });

  test('SS-216, SS-344, SS-731, SS-1007: anything else is forbidden at spec', () => {
    const forbidden = [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', " +
        "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', " +
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ];
    expect(change((spec) => (spec.serviceName = 'other')).errors).toEqual(forbidden);
    expect(change((spec) => (spec.podManagementPolicy = 'Parallel')).errors).toEqual(forbidden);
    const grown = change(
      (spec) => {
        const requests = spec.volumeClaimTemplates?.[0]?.spec?.resources?.requests;
        if (requests) requests['storage'] = '2Gi';
      },
      { volumeClaimTemplates: [claim()] },
    );
    expect(grown.errors).toEqual(forbidden);
  });

  test('SS-732: the same manifest again changes nothing', () => {
    const { errors, object } = update<StatefulSet>(SETS, base(), (set) => {
      set.spec = decoded<StatefulSet>(SETS, base()).spec;
    });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(1);
  });

  test('SS-733: a wrong serviceName and template that are stored do not block a change', () => {
    const { errors } = update<StatefulSet>(SETS, base(), (set) => (set.spec!.replicas = 2), {
      old: (set) => {
        set.spec!.serviceName = 'Bad.Name';
        set.spec!.template!.spec!.containers[0]!.image = '';
      },
    });
    expect(errors).toEqual([]);
  });

  test('SS-714: a block is not for Recreate', () => {
    const context = {
      ...ruleContext('StatefulSetRecreateStrategy'),
      emulatedVersion: '1.37' as const,
    };
    const updateStrategy = { type: 'Recreate', rollingUpdate: { partition: 1 } };
    expect(create<StatefulSet>(SETS, base({ updateStrategy }), context).errors).toEqual([
      'spec.updateStrategy.rollingUpdate: Invalid value: ' +
        '{"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
    ]);
  });

  test('SS-711, SS-733: neither the name nor claim templates are validated again', () => {
    const { errors } = update<StatefulSet>(SETS, base(), (set) => (set.spec!.replicas = 2), {
      old: (set) => {
        set.metadata.name = 'a.b';
        const spec = { volumeMode: 'Filesystem' };
        const kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
        const stored = { ...kind, metadata: { name: 'data' }, spec, status: { phase: 'Pending' } };
        set.spec!.volumeClaimTemplates = [stored];
      },
    });
    expect(errors).toEqual([]);
  });

  test('SS-734: Recreate stays allowed when the gate is turned off', () => {
    const { errors } = update<StatefulSet>(SETS, base(), (set) => (set.spec!.replicas = 2), {
      old: (set) => (set.spec!.updateStrategy = { type: 'Recreate' }),
    });
    expect(errors).toEqual([]);
  });

  test('SS-734: to and from Recreate, with the gate and without', () => {
    const change = (from: string, to: string, ...gates: string[]) =>
      update<StatefulSet>(SETS, base(), (set) => (set.spec!.updateStrategy = { type: to }), {
        context: { ...ruleContext(...gates), emulatedVersion: '1.37' },
        old: (set) => (set.spec!.updateStrategy = { type: from }),
      }).errors.length;
    const gate = 'StatefulSetRecreateStrategy';
    for (const other of ['RollingUpdate', 'OnDelete']) {
      expect(change(other, 'Recreate', gate)).toBe(0);
      expect(change(other, 'Recreate')).toBe(1);
      expect(change('Recreate', other)).toBe(0);
    }
    expect(change('Recreate', 'Recreate')).toBe(0);
  });

  test('SS-556, SS-557, SS-707: the status endpoint takes the status only, and checks its counts', () => {
    const { object, errors } = update<StatefulSet>(
      SETS,
      base(),
      (set) => {
        set.spec!.replicas = 9;
        set.status = { replicas: 1, readyReplicas: 2, availableReplicas: 5 };
      },
      { subresource: 'status' },
    );
    expect(object.spec?.replicas).toBe(1);
    expect(object.metadata.generation).toBe(1);
    expect(errors).toEqual([
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 5: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 5: cannot be greater than status.readyReplicas',
    ]);
  });

  test('SS-556: counts are not negative and not above the replicas', () => {
    const { errors } = update<StatefulSet>(
      SETS,
      base(),
      (set) => {
        const counts = { currentReplicas: 2, updatedReplicas: 3, readyReplicas: -1 };
        set.status = { replicas: 1, ...counts };
      },
      { subresource: 'status' },
    );
    expect(errors).toEqual([
      'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.updatedReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 0: cannot be greater than status.readyReplicas',
    ]);
  });

  test('SS-556: the collision count does not go down', () => {
    const { errors } = update<StatefulSet>(
      SETS,
      base(),
      (set) => (set.status!.collisionCount = 2),
      {
        subresource: 'status',
        old: (set) => (set.status!.collisionCount = 4),
      },
    );
    expect(errors).toEqual(['status.collisionCount: Invalid value: 2: cannot be decremented']);
  });
});

// What clients of StatefulSets see of the server: generations, blind writes, the scale.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Scale, StatefulSet, Status } from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { statefulSets } from '../../api/resources.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const SETS = '/apis/apps/v1/namespaces/default/statefulsets';
let api: TestApi;

/** What fieldsV1 says of the spec. */
type FieldsOfSpec = Record<string, object | undefined>;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

const manifest = (spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    replicas: 3,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
    },
    ...spec,
  },
});

const create = (spec?: object) => api.ok<StatefulSet>(`POST ${SETS}`, manifest(spec));

describe('updates', () => {
  it('SS-706: keep the status that is stored; the generation counts changes of meaning', async () => {
    await create();
    const status = { replicas: 2, observedGeneration: 1 };
    await api.ok(`PATCH ${SETS}/web/status`, { status });
    const relabelled = await api.ok<StatefulSet>(`PATCH ${SETS}/web`, {
      metadata: { labels: { tier: 'db' } },
      status: { replicas: 9 },
    });
    expect(relabelled.status).toMatchObject(status);
    expect(relabelled.metadata.generation).toBe(1);
    const scaled = await api.ok<StatefulSet>(`PATCH ${SETS}/web`, { spec: { replicas: 4 } });
    expect(scaled.metadata.generation).toBe(2);
    expect(scaled.status).toMatchObject(status);
  });

  it('SS-732, SS-741: the same manifest without version is accepted and changes nothing', async () => {
    const created = await create();
    expect(await api.ok(`PUT ${SETS}/web`, manifest())).toEqual(created);
  });

  it('SS-741: a PUT without version overwrites, one with an old version does not', async () => {
    const created = await create();
    await api.ok(`PUT ${SETS}/web`, manifest({ replicas: 5 }));
    const last = await api.ok<StatefulSet>(`PUT ${SETS}/web`, manifest({ replicas: 6 }));
    expect(last.spec?.replicas).toBe(6);
    expect(await api.fails(`PUT ${SETS}/web`, created)).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
  });

  it('SS-741: a PUT creates nothing', async () => {
    expect(await api.fails(`PUT ${SETS}/web`, manifest())).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'statefulsets.apps "web" not found',
    });
    expect(await api.fails(`GET ${SETS}/web`)).toMatchObject({ code: 404 });
  });

  it.each(['1.36', '1.37'] as const)(
    'SS-735: in %s what may not change is refused in the same words',
    async (emulatedVersion) => {
      await api.store.stop();
      api = await createTestApi({ emulatedVersion });
      await create();
      const body = manifest({ serviceName: 'other', podManagementPolicy: 'Parallel' });
      const refused = await api.fails(`PUT ${SETS}/web`, body);
      expect(refused.code).toBe(422);
      expect(refused.details?.causes).toEqual([
        {
          reason: 'FieldValueForbidden',
          field: 'spec',
          message:
            "Forbidden: updates to statefulset spec for fields other than 'replicas', " +
            "'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', " +
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        },
      ]);
    },
  );
});

describe('the scale', () => {
  /** `manager subresource` of those who own spec.replicas. */
  const ownersOf = ({ metadata }: KubernetesObject) =>
    (metadata.managedFields ?? [])
      .filter(({ fieldsV1 }) => 'f:replicas' in ((fieldsV1 as FieldsOfSpec)['f:spec'] ?? {}))
      .map(({ manager, subresource, apiVersion }) =>
        [manager, subresource, apiVersion].filter((part) => part !== undefined).join(' '),
      );
  const apply = (replicas: number) =>
    api.call<KubernetesObject & Status>(`PATCH ${SETS}/web?fieldManager=deployer`, {
      body: manifest({ replicas }),
      contentType: 'application/apply-patch+yaml',
    });

  it('SS-743: is the same field with the same owners as spec.replicas of the set', async () => {
    expect(ownersOf((await apply(3)).body)).toEqual(['deployer apps/v1']);
    const scale = await api.ok<Scale>(`GET ${SETS}/web/scale`);
    const wanted = { ...scale, spec: { replicas: 5 } };
    await api.ok(`PUT ${SETS}/web/scale?fieldManager=scaler`, wanted);
    expect(ownersOf(await api.ok(`GET ${SETS}/web`))).toEqual(['scaler scale apps/v1']);
    const conflict = await apply(3);
    expect(conflict.code).toBe(409);
    expect(conflict.body.details?.causes).toMatchObject([
      { reason: 'FieldManagerConflict', field: '.spec.replicas' },
    ]);
    expect(ownersOf((await apply(5)).body).toSorted()).toEqual([
      'deployer apps/v1',
      'scaler scale apps/v1',
    ]);
  });
});

it('SS-744: kubectl finds the kind as sts and among all', () => {
  expect(statefulSets).toMatchObject({ shortNames: ['sts'], categories: ['all'] });
});

import { describe, expect, it } from 'vitest';
import { present } from '../../base/assert.ts';
import { controllerRevisions } from '../../api/resources.ts';
import { statusError } from '../../api/meta/status-error.ts';
import { templateDefaults } from '../../api/core/pod-defaults.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { buildSet } from './plan/set-builder.ts';
import { engineOptions } from './engine-options.ts';

const gates = (set: Record<string, boolean>) => new Map(Object.entries(set));

describe('options', () => {
  const usual = { recreate: false, waitsForOwnWrites: true, comparesRebuilt: true };

  it('are those of the version by default', () => {
    const [none, version] = [gates({}), '1.36' as const];
    const of = (emulatedVersion: '1.36' | '1.37') =>
      engineOptions({ featureGates: none, emulatedVersion });
    expect(of(version)).toEqual({ ...usual, maxUnavailable: false, emulatedVersion: '1.36' });
    expect(of('1.37')).toEqual({ ...usual, maxUnavailable: true, emulatedVersion: '1.37' });
  });

  it('follow the gates that the version has', () => {
    const all = {
      MaxUnavailableStatefulSet: true,
      StaleControllerConsistencyStatefulSet: false,
      StatefulSetRecreateStrategy: true,
      StatefulSetSemanticRevisionComparison: false,
    };
    const switched = { maxUnavailable: true, waitsForOwnWrites: false, comparesRebuilt: false };
    const of = (emulatedVersion: '1.36' | '1.37') =>
      engineOptions({ featureGates: gates(all), emulatedVersion });
    expect(of('1.36')).toMatchObject({ ...switched, recreate: false });
    expect(of('1.37')).toMatchObject({ ...switched, recreate: true });
  });
});

describe('StatefulSetSemanticRevisionComparison', () => {
  const options = { maxUnavailable: false, emulatedVersion: '1.36' } as const;
  const withGate = useController(options);
  const without = useController({ ...options, comparesRebuilt: false });

  const revisionsAfterOrphan = async (kit: typeof withGate) => {
    await kit.client.resource(controllerRevisions).create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { name: 'web-orphan', namespace, labels: { app: 'web' } },
      data: { spec: {} },
      revision: 1,
    });
    const template = structuredClone(present(buildSet().spec, 'spec').template);
    templateDefaults(template);
    await kit.create({ replicas: 1, template });
    const { items } = await kit.client.resource(controllerRevisions).list({ namespace });
    return items.length;
  };

  it('SS-522: off, equal templates of other data make a new revision', async () => {
    expect(await revisionsAfterOrphan(withGate)).toBe(1);
    expect(await revisionsAfterOrphan(without)).toBe(2);
  });
});

describe('StaleControllerConsistencyStatefulSet', () => {
  const options = { maxUnavailable: false, emulatedVersion: '1.36' } as const;
  const withGate = useController(options);
  const without = useController({ ...options, waitsForOwnWrites: false });

  /** Creations of a pod that the API refuses, after the caches have stopped. */
  const triesOnOldCaches = async (kit: typeof withGate) => {
    kit.refuse(/^POST pods\/web-1/, () => statusError('InternalError', 'boom'));
    kit.api.beforeReply = ({ method, path }) => {
      if (method === 'POST' && path.endsWith('/pods')) kit.api.pauseWatches();
    };
    await kit.create({ podManagementPolicy: 'Parallel', replicas: 2 });
    await kit.pass(1000);
    return kit.writes().filter((text) => text === 'POST pods/web-1').length;
  };

  it('SS-801: off, a sync goes ahead on caches older than own writes', async () => {
    expect(await triesOnOldCaches(withGate)).toBe(1);
    expect(await triesOnOldCaches(without)).toBeGreaterThan(1);
    expect(without.metrics.render()).not.toContain('stale_sync_skips_total{');
  });
});

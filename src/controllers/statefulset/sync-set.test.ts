import { describe, expect, it } from 'vitest';
import { statusError } from '../../api/meta/status-error.ts';
import { statefulSets } from '../../api/resources.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { buildSet, DEFAULT_OPTIONS } from './plan/set-builder.ts';

describe('a set that was made anew while the cache has the old one', () => {
  const kit = useController(DEFAULT_OPTIONS);
  const isPodCreation = (text: string) => text.startsWith('POST pods/');

  /** While the first status of the set is on its way. */
  const replaceSet = async () => {
    kit.api.pauseWatches();
    const sets = kit.client.resource(statefulSets);
    await sets.delete({ namespace, name: 'web' });
    await sets.create({ ...buildSet({ replicas: 1 }), metadata: { namespace, name: 'web' } });
  };

  it('SS-801: is left alone until the cache has heard of it', async () => {
    kit.refuse(/^POST pods/, () => statusError('InternalError', 'boom'));
    const refuse = kit.api.beforeRequest;
    let replaced = false;
    kit.api.beforeRequest = async (request) => {
      await refuse?.(request);
      if (replaced || request.method !== 'PUT' || !request.path.endsWith('/web/status')) return;
      replaced = true;
      await replaceSet();
    };
    await kit.create({ replicas: 1 });
    await kit.pass(1000);
    expect(replaced).toBe(true);
    kit.writes();
    await kit.pass(60_000);
    expect(kit.writes()).toEqual([]);
    kit.api.beforeRequest = undefined;
    kit.api.resumeWatches();
    await kit.converge();
    expect(kit.writes().filter(isPodCreation)).toEqual(['POST pods/web-0']);
    expect(kit.pod('web-0').metadata.ownerReferences?.[0]?.uid).toBe(kit.set().metadata.uid);
  });
});

import { expect, it } from 'vitest';
import type { Pod, PodStatus } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { garbagePods } from './garbage-pods.ts';

function ended(name: string, minute: number, status: PodStatus = { phase: 'Succeeded' }): Pod {
  const creationTimestamp = `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, creationTimestamp }, status };
}

const garbage = (pods: readonly Pod[], endedMax: number) =>
  garbagePods({ pods, nodeOf: () => undefined, goneNodes: new Set(), endedMax })
    .map(({ pod }) => nameOf(pod))
    .toSorted();

it('of too many pods that have ended the evicted ones go first, then the oldest', () => {
  const pods = [
    ended('new', 30),
    ended('evicted', 40, { phase: 'Failed', reason: 'Evicted' }),
    ended('b', 10),
    ended('a', 10, { phase: 'Failed' }),
    ended('runs', 1, { phase: 'Running' }),
  ];
  expect(garbage(pods, 4)).toEqual([]);
  expect(garbage(pods, 3)).toEqual(['evicted']);
  expect(garbage(pods, 2)).toEqual(['a', 'evicted']);
  expect(garbage(pods, 0)).toEqual(['a', 'b', 'evicted', 'new']);
});

import { expect, test } from 'vitest';
import type { Pod, ResourceQuota } from '../../../api/generated/types.ts';
import { quotaEvaluator } from '../../../api/quota/quota-evaluator.ts';
import { configMaps, pods, secrets, services } from '../../../api/resources.ts';
import { planStatus, trackedResources } from './plan-status.ts';

const NOW_MS = Date.parse('2026-01-01T00:10:00Z');

function quota(hard: Record<string, string>, status: object = {}): ResourceQuota {
  const metadata = { name: 'q', namespace: 'n' };
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard }, status };
}

function pod(cpu: string, extra: Partial<Pod> = {}): Pod {
  const resources = { requests: { cpu } };
  const spec = { containers: [{ name: 'c', image: 'app', resources }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: cpu }, spec, ...extra };
}

function plan(of: ResourceQuota, objects: readonly Pod[]) {
  const evaluator = quotaEvaluator(pods);
  return planStatus(of, evaluator ? [{ evaluator, objects }] : [], NOW_MS);
}

test('API-931: a new quota gets its limits and what is used', () => {
  const hard = { pods: '5', 'requests.cpu': '2', 'count/pods': '9' };
  expect(plan(quota(hard), [pod('500m'), pod('1')])).toEqual({
    hard,
    used: { pods: '2', 'requests.cpu': '1500m', 'count/pods': '2' },
  });
});

test('API-931: pods that have ended, or should long be gone, use nothing', () => {
  const ended = pod('1', { status: { phase: 'Succeeded' } });
  const metadata = {
    name: 'lost',
    deletionTimestamp: '2026-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 30,
  };
  const planned = plan(quota({ pods: '5', 'count/pods': '5' }), [ended, pod('1', { metadata })]);
  expect(planned?.used).toEqual({ pods: '0', 'count/pods': '2' });
});

test('API-931: nothing is written when the status is right', () => {
  const hard = { pods: '5' };
  expect(plan(quota(hard, { hard, used: { pods: '1' } }), [pod('1')])).toBeUndefined();
  expect(plan(quota(hard, { hard, used: { pods: '2' } }), [pod('1')])?.used).toEqual({ pods: '1' });
});

test('API-931: entries that nothing counts any more disappear', () => {
  const status = { hard: { pods: '5', secrets: '1' }, used: { pods: '0', secrets: '1' } };
  expect(plan(quota({ pods: '5' }, status), [])).toEqual({
    hard: { pods: '5' },
    used: { pods: '0' },
  });
});

test('API-931: only what a quota names is looked at', () => {
  const all = [pods, services, configMaps, secrets];
  const tracked = trackedResources(quota({ 'limits.cpu': '1', 'count/secrets': '1' }), all);
  expect(tracked).toEqual([pods, secrets]);
});

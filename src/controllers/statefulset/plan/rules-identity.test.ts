// Proofs of section 1 of the rules that need no server: names, labels and identity of pods.
import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { identityMatches, isMemberOf, parsePodName } from './identity.ts';
import { buildPod } from './new-pod.ts';
import {
  buildSetWithClaims,
  createdPods,
  decide,
  members,
  parallel,
  updatedPods,
} from './rules-test-kit.ts';
import { buildMember, buildSet, NEW, OLD } from './set-builder.ts';

const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX = 'apps.kubernetes.io/pod-index';

/** A revision with this template, and the pod 0 built from it. */
function podFrom(template: object, spec: Partial<StatefulSet['spec']> = {}) {
  const data = { spec: { template: { $patch: 'replace', ...template } } };
  return buildPod(buildSet(spec), 0, { ...NEW, data });
}

describe('a new pod', () => {
  it('SS-101, SS-102, SS-103, SS-104: name, namespace and labels of the ordinal', () => {
    const set = buildSet({ ...parallel, replicas: 3, ordinals: { start: 9 } });
    const created = createdPods(decide(set, [])).map(({ metadata }) => metadata);
    expect(created.map(({ name }) => name)).toEqual(['web-9', 'web-10', 'web-11']);
    expect(created.map(({ namespace }) => namespace)).toEqual(['shop', 'shop', 'shop']);
    expect(created.map(({ labels }) => labels?.[POD_NAME])).toEqual(['web-9', 'web-10', 'web-11']);
    expect(created.map(({ labels }) => labels?.[POD_INDEX])).toEqual(['9', '10', '11']);
  });

  it('SS-105, SS-106: labels of the template, under those of the set', () => {
    const labels = { app: 'web', tier: 'db' };
    const taken = { [POD_NAME]: 'x', [POD_INDEX]: 'x', 'controller-revision-hash': 'x' };
    const pod = podFrom({ metadata: { labels: { ...labels, ...taken } } });
    expect(pod.metadata.labels).toEqual({
      ...labels,
      [POD_NAME]: 'web-0',
      [POD_INDEX]: '0',
      'controller-revision-hash': 'web-new',
    });
  });

  it('SS-107, SS-108: annotations and finalizers are those of the template', () => {
    const annotations = { note: 'kept' };
    const finalizers = ['example.com/hold'];
    const { metadata } = podFrom({ metadata: { annotations, finalizers } });
    expect(metadata.annotations).toEqual(annotations);
    expect(metadata.finalizers).toEqual(finalizers);
    const bare = podFrom({}).metadata;
    expect(bare.annotations).toBeUndefined();
    expect(bare.finalizers).toBeUndefined();
  });

  it('SS-109: the set is its only owner, as controller', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'set-uid' };
    expect(podFrom({}).metadata.ownerReferences).toEqual([
      { ...owner, controller: true, blockOwnerDeletion: true },
    ]);
  });

  it('SS-110: generateName is the set with a dash, without it where that is no prefix', () => {
    const generated = (name: string) => {
      const set = buildSet();
      set.metadata.name = name;
      return buildPod(set, 0, NEW).metadata.generateName;
    };
    expect(generated('web')).toBe('web-');
    expect(generated('a'.repeat(253))).toBe('a'.repeat(253));
  });

  it('SS-111, SS-112: hostname and subdomain of the template give way', () => {
    const spec = { hostname: 'mine', subdomain: 'mine', containers: [] };
    expect(podFrom({ spec }).spec).toMatchObject({ hostname: 'web-0', subdomain: 'nginx' });
    const headed = podFrom({ spec }, { serviceName: '' }).spec;
    expect(headed).toMatchObject({ hostname: 'web-0' });
    expect(headed?.subdomain ?? '').toBe('');
  });
});

describe('names of pods', () => {
  it.each([
    ['web-0', 'web', 0],
    ['a-1-0', 'a-1', 0],
    ['web-01', 'web', 1],
    ['web', '', -1],
    ['web-', '', -1],
    ['web-x', '', -1],
    ['-7', '', 7],
  ])('SS-114: %s has the parent %s and the ordinal %d', (name, parent, ordinal) => {
    expect(parsePodName(name)).toEqual({ parent, ordinal });
  });

  it('SS-115: an ordinal has 31 bits', () => {
    expect(parsePodName('web-2147483647').ordinal).toBe(2147483647);
    expect(parsePodName('web-2147483648').ordinal).toBe(-1);
    expect(parsePodName('web-99999999999999999999').ordinal).toBe(-1);
  });

  it('SS-116: a member is one whose parent is the set', () => {
    const member = (name: string) => {
      const pod = buildMember(buildSet(), 0);
      pod.metadata.name = name;
      return isMemberOf(buildSet(), pod);
    };
    expect(member('web-7')).toBe(true);
    expect(member('other-7')).toBe(false);
    expect(member('web-1-7')).toBe(false);
    expect(member('web')).toBe(false);
  });
});

describe('identity', () => {
  const set = buildSet();
  const changed = (change: (pod: ReturnType<typeof buildMember>) => void) => {
    const pod = buildMember(set, 1);
    change(pod);
    return identityMatches(set, pod);
  };

  it('SS-117: is name, namespace and pod-name label', () => {
    expect(changed(() => {})).toBe(true);
    expect(changed((pod) => (pod.metadata.name = 'other-1'))).toBe(false);
    expect(changed((pod) => (pod.metadata.namespace = 'elsewhere'))).toBe(false);
    expect(changed((pod) => delete pod.metadata.labels?.[POD_NAME])).toBe(false);
    const padded = (pod: ReturnType<typeof buildMember>) => {
      pod.metadata.name = 'web-01';
      pod.metadata.labels = { ...pod.metadata.labels, [POD_NAME]: 'web-01' };
    };
    expect(changed(padded)).toBe(false);
  });

  it('SS-117: is not pod-index label, hostname or subdomain', () => {
    expect(changed((pod) => delete pod.metadata.labels?.[POD_INDEX])).toBe(true);
    expect(changed((pod) => Object.assign(pod.spec ?? {}, { hostname: 'x' }))).toBe(true);
    expect(changed((pod) => Object.assign(pod.spec ?? {}, { subdomain: 'x' }))).toBe(true);
  });

  it('SS-118: is put right on a copy; hostname and subdomain stay', () => {
    const pods = members(buildSet({ replicas: 1 }), ['ready']);
    const [pod] = pods;
    delete pod?.metadata.labels?.[POD_NAME];
    delete pod?.metadata.labels?.[POD_INDEX];
    Object.assign(pod?.spec ?? {}, { hostname: 'old', subdomain: 'old' });
    const [updated, ...more] = updatedPods(decide(buildSet({ replicas: 1 }), pods));
    expect(more).toEqual([]);
    expect(updated?.metadata).toMatchObject({
      name: 'web-0',
      namespace: 'shop',
      labels: { app: 'web', [POD_NAME]: 'web-0', [POD_INDEX]: '0' },
    });
    expect(updated?.spec).toMatchObject({ hostname: 'old', subdomain: 'old' });
    expect(pod?.metadata.labels).not.toHaveProperty(POD_NAME);
  });

  it('SS-118: volumes that are right stay as they are, in their order', () => {
    const set = buildSetWithClaims({ replicas: 1 });
    const pods = members(set, ['ready']);
    const volumes = [{ name: 'token', emptyDir: {} }, ...(pods[0]?.spec?.volumes ?? [])];
    Object.assign(pods[0]?.spec ?? {}, { volumes });
    delete pods[0]?.metadata.labels?.[POD_NAME];
    const [updated] = updatedPods(decide(set, pods));
    expect(updated?.spec?.volumes).toEqual(volumes);
    expect(volumes).toHaveLength(2);
  });

  it('SS-119: a missing pod-index label alone is left, until the pod is built anew', () => {
    const one = buildSet({ replicas: 1 });
    const pods = members(one, ['ready']);
    delete pods[0]?.metadata.labels?.[POD_INDEX];
    expect(decide(one, pods).stages).toEqual([]);
    const [rebuilt] = createdPods(decide(one, []));
    expect(rebuilt?.metadata.labels).toHaveProperty([POD_INDEX], '0');
  });

  it('SS-403: a pod of an old revision is never updated in place', () => {
    const pods = members(set, ['ready', 'ready', 'ready'], nameOf(OLD));
    expect(updatedPods(decide(set, pods))).toEqual([]);
  });
});

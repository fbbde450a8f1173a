// Proofs of sections 2 and 3 of the rules that need no server: claims of pods and their owners.
import { describe, expect, it } from 'vitest';
import type { StatefulSet, Volume } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { buildClaims, claimName, claimNames, storageMatches, volumesWithClaims } from './claims.ts';
import { claimMatchesPolicy, claimWithPolicy, hasUnexpectedController } from './retention.ts';
import {
  actionsOf,
  buildSetWithClaims,
  claimOwners,
  claimsIn,
  claimTemplate,
  createdClaims,
  createdPods,
  decide,
  members,
  ownerPod,
  ownerSet,
  parallel,
  storedClaim,
  texts,
  updatedPods,
} from './rules-test-kit.ts';
import { actionTexts, buildMember, buildSet } from './set-builder.ts';

describe('claims of a new pod', () => {
  const labels = { app: 'template', kept: 'yes' };
  const metadata = { labels, annotations: { a: 'b' }, finalizers: ['x.y/z'] };
  const set = buildSet({
    selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'e', operator: 'Exists' }] },
    template: { metadata: { labels: { app: 'web', e: '', pod: 'only' } } },
    volumeClaimTemplates: [claimTemplate('data', metadata), claimTemplate('log')],
  });

  it('SS-201, SS-202, SS-203, SS-204: name, content, labels; no owner', () => {
    expect(claimName('data', set, 12)).toBe('data-web-12');
    const [data, log] = buildClaims(set, 2);
    expect(data).toEqual({
      ...claimTemplate('data', metadata),
      metadata: {
        ...metadata,
        name: 'data-web-2',
        namespace: 'shop',
        labels: { app: 'web', kept: 'yes' },
      },
    });
    expect(log?.metadata).toEqual({
      name: 'log-web-2',
      namespace: 'shop',
      labels: { app: 'web' },
    });
  });

  it('SS-205, SS-206, SS-207, SS-221: volumes by the names of the templates, claims first', () => {
    const volumes: Volume[] = [
      { name: 'tmp', emptyDir: {} },
      { name: 'data', emptyDir: {} },
    ];
    expect(volumesWithClaims(set, 1, volumes)).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } },
      { name: 'log', persistentVolumeClaim: { claimName: 'log-web-1' } },
      { name: 'tmp', emptyDir: {} },
    ]);
  });

  it('SS-209: a claim of that name is used whatever it is', () => {
    const one = buildSetWithClaims({ replicas: 1 });
    const foreign = storedClaim('data-web-0', { labels: { other: 'x' } });
    foreign.spec = { accessModes: ['ReadOnlyMany'], storageClassName: 'slow' };
    foreign.status = { phase: 'Lost' };
    const decided = decide(one, [], { claim: claimsIn([foreign]) });
    expect(createdPods(decided).map(nameOf)).toEqual(['web-0']);
    expect(createdClaims(decided)).toEqual([]);
    expect(claimOwners(decided)).toEqual({});
  });

  it('SS-219: two pairs of template and set can mean the same claim', () => {
    const named = (name: string, template: string): StatefulSet => {
      const other = buildSet({ volumeClaimTemplates: [claimTemplate(template)] });
      other.metadata.name = name;
      return other;
    };
    const names = claimNames(named('a-b', 'data'), 0);
    expect(names).toEqual(claimNames(named('b', 'data-a'), 0));
    const claim = claimsIn([storedClaim(names[0] ?? '')]);
    expect(createdClaims(decide(named('b', 'data-a'), [], { claim }))).toEqual([]);
  });
});

describe('claims of a pod that exists', () => {
  const one = buildSetWithClaims({ replicas: 1 });

  it('SS-212, SS-309: missing claims of a pending pod are made', () => {
    const decided = decide(one, members(one, ['pending']));
    expect(actionTexts(decided)).toEqual(['repair-claims web-0']);
    expect(createdClaims(decided)).toEqual(['data-web-0']);
  });

  it('SS-212: and their owners follow the policy', () => {
    const policy = { whenDeleted: 'Delete', whenScaled: 'Retain' };
    const deleting = buildSetWithClaims({
      replicas: 1,
      persistentVolumeClaimRetentionPolicy: policy,
    });
    const claim = claimsIn([storedClaim('data-web-0')]);
    const decided = decide(deleting, members(deleting, ['pending']), { claim });
    expect(claimOwners(decided)).toEqual({ 'data-web-0': ['StatefulSet web'] });
  });

  it('SS-213: those of another pod are not, while its storage matches', () => {
    expect(texts(one, members(one, ['ready']))).toEqual([]);
    expect(texts(one, members(one, ['unready']))).toEqual([]);
  });

  it('SS-213, SS-215: without the claim volumes a pod is rewritten, and its claims are made', () => {
    const pods = members(one, ['ready']);
    Object.assign(pods[0]?.spec ?? {}, { volumes: [{ name: 'tmp', emptyDir: {} }] });
    const decided = decide(one, pods);
    expect(createdClaims(decided)).toEqual(['data-web-0']);
    expect(updatedPods(decided)[0]?.spec?.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } },
      { name: 'tmp', emptyDir: {} },
    ]);
  });

  it('SS-215: storage matches when each template has its claim', () => {
    const pod = buildMember(one, 0);
    expect(storageMatches(one, pod, 0)).toBe(true);
    expect(storageMatches(one, pod, 1)).toBe(false);
    const two = buildSet({ volumeClaimTemplates: [claimTemplate('data'), claimTemplate('log')] });
    expect(storageMatches(two, pod, 0)).toBe(false);
    pod.spec = { containers: [], volumes: [{ name: 'data', emptyDir: {} }] };
    expect(storageMatches(one, pod, 0)).toBe(false);
  });

  it('SS-217, SS-255: there is no action that deletes a claim', () => {
    const policy = { whenDeleted: 'Delete', whenScaled: 'Delete' };
    const set = buildSetWithClaims({
      ...parallel,
      replicas: 2,
      persistentVolumeClaimRetentionPolicy: policy,
    });
    const claim = claimsIn([0, 1, 2, 3].map((ordinal) => storedClaim(`data-web-${ordinal}`)));
    const pods = members(set, ['failed', 'ready', 'ready', 'failed'], 'web-old');
    const deletions = actionsOf(decide(set, pods, { claim })).filter(({ type }) =>
      type.startsWith('delete-'),
    );
    expect(deletions.map(({ type }) => type)).toEqual(deletions.map(() => 'delete-pod'));
    expect(deletions.length).toBeGreaterThan(2);
  });
});

type Choice = 'Retain' | 'Delete';

function setWithPolicy(
  whenScaled: Choice,
  whenDeleted: Choice,
  spec: Partial<StatefulSet['spec']> = {},
): StatefulSet {
  const persistentVolumeClaimRetentionPolicy = { whenScaled, whenDeleted };
  return buildSetWithClaims({ replicas: 1, persistentVolumeClaimRetentionPolicy, ...spec });
}

describe('owners of claims', () => {
  it('SS-256: claims of all condemned pods come before the first deletion', () => {
    const set = setWithPolicy('Delete', 'Retain');
    const claim = claimsIn([storedClaim('data-web-1'), storedClaim('data-web-2')]);
    const decided = decide(set, members(set, ['ready', 'ready', 'ready']), { claim });
    expect(actionTexts(decided)).toEqual([
      'update-claims web-2',
      'update-claims web-1',
      'delete web-2 (condemned)',
    ]);
    expect(claimOwners(decided)).toEqual({
      'data-web-2': ['Pod web-2'],
      'data-web-1': ['Pod web-1'],
    });
  });

  it.each([
    ['ready', { 'data-web-1': ['StatefulSet web'] }],
    ['pending', { 'data-web-1': ['StatefulSet web'] }],
    ['unready', {}],
  ] as const)('SS-257: a pod back in range, %s', (state, owners) => {
    const set = setWithPolicy('Delete', 'Delete', { replicas: 2 });
    const settled = storedClaim('data-web-0', { ownerReferences: [ownerSet(set)] });
    const condemned = storedClaim('data-web-1', { ownerReferences: [ownerPod('web-1', 'uid-1')] });
    const claim = claimsIn([settled, condemned]);
    expect(claimOwners(decide(set, members(set, ['ready', state]), { claim }))).toEqual(owners);
  });

  it('SS-261: a stale claim stops ordered creation; burst goes on with other slots', () => {
    const claim = claimsIn([
      storedClaim('data-web-0', { ownerReferences: [ownerPod('web-0', 'earlier')] }),
    ]);
    const ordered = setWithPolicy('Delete', 'Retain', { replicas: 2 });
    expect(texts(ordered, [], { claim })).toEqual([]);
    const burst = setWithPolicy('Delete', 'Retain', { ...parallel, replicas: 2 });
    expect(texts(burst, [], { claim })).toEqual(['create web-1']);
  });

  it('SS-262: claims follow the policy with creation, and up to the first unhealthy pod', () => {
    const spec = { replicas: 4 };
    const claims = [0, 1, 2, 3].map((ordinal) => storedClaim(`data-web-${ordinal}`));
    const claim = claimsIn(claims);
    const ordered = setWithPolicy('Retain', 'Delete', spec);
    const states = ['ready', 'unready', 'ready'] as const;
    const updated = (set: StatefulSet) =>
      Object.keys(claimOwners(decide(set, members(set, states), { claim })));
    expect(updated(ordered)).toEqual(['data-web-0']);
    expect(updated(setWithPolicy('Retain', 'Delete', { ...parallel, ...spec }))).toEqual([
      'data-web-0',
      'data-web-1',
      'data-web-2',
      'data-web-3',
    ]);
  });

  it('SS-263: claims without a pod are not touched', () => {
    const set = setWithPolicy('Delete', 'Delete');
    const settled = storedClaim('data-web-0', { ownerReferences: [ownerSet(set)] });
    const claim = claimsIn([settled, storedClaim('data-web-1')]);
    expect(texts(set, members(set, ['ready']), { claim })).toEqual([]);
  });

  it('SS-264: a pod reference of an earlier pod is out of our hands as well', () => {
    const set = setWithPolicy('Retain', 'Delete');
    const pod = { name: 'web-0', uid: 'uid-0', ordinal: 0 };
    const stale = storedClaim('data-web-0', { ownerReferences: [ownerPod('web-0', 'earlier')] });
    expect(claimMatchesPolicy(set, stale, pod)).toBe(true);
  });

  it('SS-264: nor is anything else of such a claim changed', () => {
    const set = setWithPolicy('Retain', 'Retain');
    const earlier = { ...ownerSet(set), uid: 'earlier' };
    const ownerReferences = [earlier, ownerPod('web-0', 'uid-0')];
    const claim = claimsIn([storedClaim('data-web-0', { ownerReferences })]);
    expect(texts(set, members(set, ['ready']), { claim })).toEqual([]);
  });

  it('SS-267: an owner that is no controller is no reason to write', () => {
    const set = setWithPolicy('Retain', 'Delete');
    const friend = { apiVersion: 'v1', kind: 'ConfigMap', name: 'f', uid: 'f' };
    const claim = claimsIn([
      storedClaim('data-web-0', { ownerReferences: [friend, ownerSet(set)] }),
    ]);
    expect(texts(set, members(set, ['ready']), { claim })).toEqual([]);
  });

  it('SS-265: without a Delete policy other controllers do not matter', () => {
    const set = setWithPolicy('Retain', 'Retain');
    const other = { ...ownerPod('x', 'x'), kind: 'Thing' };
    const claim = storedClaim('data-web-0', { ownerReferences: [other, ownerSet(set)] });
    const pod = { name: 'web-0', uid: 'uid-0', ordinal: 0 };
    expect(hasUnexpectedController(set, claim, pod)).toBe(false);
    expect(claimWithPolicy(set, claim, pod).metadata.ownerReferences).toEqual([other]);
  });

  it('SS-266: the plan names claims with another controller', () => {
    const set = setWithPolicy('Retain', 'Delete');
    const other = { ...ownerPod('x', 'x'), kind: 'Thing' };
    const shared = storedClaim('data-web-0', { ownerReferences: [other, ownerSet(set)] });
    const [action] = actionsOf(decide(set, members(set, ['ready']), { claim: claimsIn([shared]) }));
    expect(action).toMatchObject({ claims: { conflicting: ['data-web-0'] } });
  });

  it('SS-268: a weak reference of ours is rewritten beside those of others', () => {
    const set = setWithPolicy('Retain', 'Delete');
    const friends = [
      { apiVersion: 'v1', kind: 'Pod', name: 'another', uid: 'a' },
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'web-0', uid: 'c' },
    ];
    const ownerReferences = [...friends, { ...ownerSet(set), controller: false }];
    const claim = storedClaim('data-web-0', { ownerReferences });
    const pod = { name: 'web-0', uid: 'uid-0', ordinal: 0 };
    expect(claimMatchesPolicy(set, claim, pod)).toBe(false);
    expect(claimWithPolicy(set, claim, pod).metadata.ownerReferences).toEqual([
      ...friends,
      ownerSet(set),
    ]);
  });

  it('SS-269: all of our references go, one comes, others keep their order', () => {
    const set = setWithPolicy('Delete', 'Delete');
    const friend = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid: name });
    const ownerReferences = [
      friend('a'),
      { ...ownerPod('web-0', 'uid-0'), controller: false },
      friend('b'),
      { ...ownerSet(set), controller: false },
    ];
    const pod = { name: 'web-0', uid: 'uid-0', ordinal: 0 };
    const claim = storedClaim('data-web-0', { ownerReferences });
    expect(claimWithPolicy(set, claim, pod).metadata.ownerReferences).toEqual([
      friend('a'),
      friend('b'),
      ownerSet(set),
    ]);
  });

  it.each([
    { whenScaled: 'Other', whenDeleted: 'Delete' },
    { whenScaled: 'Delete', whenDeleted: 'Other' },
  ])('SS-270: one unknown value makes both Retain: %j', (persistentVolumeClaimRetentionPolicy) => {
    const set = buildSetWithClaims({ replicas: 1, persistentVolumeClaimRetentionPolicy });
    const claim = claimsIn([
      storedClaim('data-web-0', { ownerReferences: [ownerSet(set)] }),
      storedClaim('data-web-1', { ownerReferences: [ownerPod('web-1', 'uid-1')] }),
    ]);
    const decided = decide(set, members(set, ['ready', 'ready']), { claim });
    expect(claimOwners(decided)).toEqual({ 'data-web-0': [], 'data-web-1': [] });
  });

  it('SS-271: without a policy nothing is referred to', () => {
    const set = buildSetWithClaims({ replicas: 1 });
    const owned = storedClaim('data-web-0', { ownerReferences: [ownerSet(set)] });
    const decided = decide(set, members(set, ['ready']), { claim: claimsIn([owned]) });
    expect(claimOwners(decided)).toEqual({ 'data-web-0': [] });
  });

  it('SS-272, SS-314: claims that are not there are skipped', () => {
    const set = setWithPolicy('Delete', 'Delete');
    const decided = decide(set, members(set, ['ready', 'ready']));
    expect(actionTexts(decided)).toEqual(['delete web-1 (condemned)']);
  });

  it('SS-276: Delete to Retain takes the references back', () => {
    const set = setWithPolicy('Retain', 'Retain', { replicas: 2 });
    const claim = claimsIn([
      storedClaim('data-web-0', { ownerReferences: [ownerSet(set)] }),
      storedClaim('data-web-1', { ownerReferences: [ownerPod('web-1', 'uid-1')] }),
    ]);
    const decided = decide(set, members(set, ['ready', 'ready']), { claim });
    expect(claimOwners(decided)).toEqual({ 'data-web-0': [], 'data-web-1': [] });
  });
});

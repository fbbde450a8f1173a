// What a node's agent may do, as upstream's Node authorizer: its own Node and Lease, the pods that
// are on it, and of everything else only what these pods name (API-1105).
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
  Pod,
  PolicyRule,
  SecretReference,
  VolumeAttachment,
} from '../../api/generated/types.ts';
import { podReferences, type PodReferences } from '../../api/core/pod-references.ts';
import { parseFieldSelector, requiredFieldValue } from '../../api/meta/field-selector.ts';
import { volumeAttachments } from '../../api/other-resources.ts';
import { allowsAction } from '../../api/rbac/policy-rule.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../api/resources.ts';
import { present } from '../../base/assert.ts';
import type { Store } from '../../storage/store.ts';
import { getObject } from '../registry/object-store.ts';
import type { ResourceAttributes } from './attributes.ts';
import { defaultPolicy } from './default-policy.ts';
import { createNodePods } from './node-pods.ts';

/** True: allowed. A text: no opinion, and why; the empty text: without a reason. */
export type NodeVerdict = true | string;
export type DecideForNode = (node: string, attributes: ResourceAttributes) => NodeVerdict;

type Rule = (node: string, attributes: ResourceAttributes) => NodeVerdict;

const LEASES_NAMESPACE = 'kube-node-lease';
const MIRROR = 'kubernetes.io/config.mirror';
const OWN_VERBS: readonly string[] = ['get', 'create', 'update', 'patch', 'delete'];
const READS: readonly string[] = ['get', 'list', 'watch'];
const CHANGES: readonly string[] = ['update', 'patch'];

/** Decides over a store; the store must be started when asked. */
export function createNodeAuthorizer(store: Store): DecideForNode {
  const related = createRelations(store);
  let rules: readonly PolicyRule[] | undefined;
  const byResource: Readonly<Record<string, Rule>> = {
    secrets: readOnly(related),
    configmaps: readOnly(related),
    persistentvolumeclaims: (node, attributes) =>
      attributes.subresource === 'status'
        ? changeOnly(related)(node, attributes)
        : getOnly(related)(node, attributes),
    persistentvolumes: getOnly(related),
    'volumeattachments.storage.k8s.io': getOnly(related),
    serviceaccounts: (node, attributes) =>
      attributes.verb === 'get' && attributes.subresource === ''
        ? readOnly(related)(node, attributes)
        : tokenOnly(related)(node, attributes),
    'leases.coordination.k8s.io': leaseRule,
    'csinodes.storage.k8s.io': csiNodeRule,
    nodes: nodeRule,
    pods: podRule(related),
  };
  return (node, attributes) => {
    const { group, resource } = attributes;
    const name = group === '' ? resource : `${resource}.${group}`;
    const rule = Object.hasOwn(byResource, name) ? byResource[name] : undefined;
    if (rule) return rule(node, attributes);
    rules ??= agentRules();
    return rules.some((one) => allowsAction(one, attributes)) || '';
  };
}

function agentRules(): readonly PolicyRule[] {
  const role = defaultPolicy().clusterRoles.find(({ metadata }) => metadata.name === 'system:node');
  return present(role, 'the role of node agents').rules ?? [];
}

function readOnly(related: Rule): Rule {
  return (node, attributes) => {
    if (!READS.includes(attributes.verb)) return 'can only read resources of this type';
    if (attributes.subresource !== '') return 'cannot read subresource';
    if (attributes.namespace === '') return 'can only read namespaced object of this type';
    return related(node, attributes);
  };
}

function getOnly(related: Rule): Rule {
  return (node, attributes) => {
    const { verb, subresource } = attributes;
    if (verb !== 'get') return 'can only get individual resources of this type';
    if (subresource !== '') return 'cannot get subresource';
    return related(node, attributes);
  };
}

function changeOnly(related: Rule): Rule {
  return (node, attributes) => {
    if (!CHANGES.includes(attributes.verb)) return 'can only get/update/patch this type';
    return related(node, attributes);
  };
}

function tokenOnly(related: Rule): Rule {
  return (node, attributes) => {
    const { verb, name, subresource } = attributes;
    if (verb !== 'create' || name === '') {
      return 'can only create tokens for individual service accounts';
    }
    if (subresource !== 'token') return 'can only create token subresource of serviceaccount';
    return related(node, attributes);
  };
}

const leaseRule: Rule = (node, { verb, namespace, name }) => {
  if (!OWN_VERBS.includes(verb)) {
    return 'can only get, create, update, patch, or delete a node lease';
  }
  if (namespace !== LEASES_NAMESPACE) {
    return `can only access leases in the "${LEASES_NAMESPACE}" system namespace`;
  }
  if (verb === 'create' || name === node) return true;
  return 'can only access node lease with the same name as the requesting node';
};

const csiNodeRule: Rule = (node, { verb, subresource, name }) => {
  if (!OWN_VERBS.includes(verb)) return 'can only get, create, update, patch, or delete a CSINode';
  if (subresource !== '') return 'cannot authorize CSINode subresources';
  if (verb === 'create' || name === node) return true;
  return 'can only access CSINode with the same name as the requesting node';
};

const nodeRule: Rule = (node, { verb, subresource, name }) => {
  if (subresource === 'status') return CHANGES.includes(verb) || '';
  if (subresource !== '') return '';
  if (verb === 'create' || CHANGES.includes(verb)) return true;
  if (!READS.includes(verb)) return '';
  if (name === node) return true;
  if (name === '') return `node '${node}' cannot read all nodes, only its own Node object`;
  return `node '${node}' cannot read '${name}', only its own Node object`;
};

function podRule(related: Rule): Rule {
  return (node, attributes) => {
    const { verb, subresource, name } = attributes;
    if (subresource === 'status') return CHANGES.includes(verb) || '';
    if (subresource === 'eviction') return verb === 'create' || '';
    if (subresource !== '') return '';
    if (verb === 'create' || verb === 'delete') return true;
    if (!READS.includes(verb)) return '';
    if (verb !== 'get' && selectedNode(attributes) === node) return true;
    if (verb === 'get' || name !== '') return related(node, attributes);
    return 'can only list/watch pods with spec.nodeName field selector';
  };
}

function selectedNode({ fieldSelector }: ResourceAttributes): string | undefined {
  if (fieldSelector === undefined) return undefined;
  try {
    return requiredFieldValue(parseFieldSelector(fieldSelector), 'spec.nodeName');
  } catch {
    return undefined; // a bad selector is refused later, to those who may ask
  }
}

/** Whether a way leads from a node by its pods to an object. */
function createRelations(store: Store): Rule {
  const podsOn = createNodePods(store);
  const references = new WeakMap<Pod, PodReferences>();
  const referencesOf = (pod: Pod) => {
    const known = references.get(pod) ?? podReferences(pod);
    references.set(pod, known);
    return known;
  };
  const somePod = (node: string, namespace: string, test: (pod: Pod) => boolean) => {
    for (const pod of podsOn(node))
      if (pod.metadata.namespace === namespace && test(pod)) return true;
    return false;
  };
  /** Mirror pods are made by the agent itself: they lead nowhere. */
  const someReference = (
    node: string,
    namespace: string,
    test: (found: PodReferences, pod: Pod) => boolean,
  ) =>
    somePod(
      node,
      namespace,
      (pod) => pod.metadata.annotations?.[MIRROR] === undefined && test(referencesOf(pod), pod),
    );
  const hasClaim = (node: string, namespace: string, name: string) =>
    someReference(node, namespace, ({ claims }) => claims.has(name));

  const isRelated = (node: string, attributes: ResourceAttributes): boolean => {
    const { resource, namespace, name } = attributes;
    switch (resource) {
      case 'pods':
        return somePod(node, namespace, ({ metadata }) => metadata.name === name);
      case 'configmaps':
        return someReference(node, namespace, ({ configMaps }) => configMaps.has(name));
      case 'serviceaccounts':
        return someReference(node, namespace, (_, pod) => pod.spec?.serviceAccountName === name);
      case 'persistentvolumeclaims':
        return hasClaim(node, namespace, name);
      case 'persistentvolumes': {
        const claim = volumeOf(store, name)?.spec?.claimRef;
        return claim !== undefined && hasClaim(node, claim.namespace ?? '', claim.name ?? '');
      }
      case 'volumeattachments': {
        const target = { resource: volumeAttachments, namespace: '', name };
        return getObject<VolumeAttachment>(store, target)?.object.spec.nodeName === node;
      }
      default:
        return (
          someReference(node, namespace, ({ secrets }) => secrets.has(name)) ||
          someReference(node, namespace, ({ claims }) =>
            [...claims].some((claim) => secretsBehind(store, namespace, claim).has(name)),
          )
        );
    }
  };
  return (node, attributes) => {
    if (attributes.name === '') return 'No Object name found';
    if (isRelated(node, attributes)) return true;
    return `no relationship found between node '${node}' and this object`;
  };
}

function volumeOf(store: Store, name: string): PersistentVolume | undefined {
  return getObject<PersistentVolume>(store, { resource: persistentVolumes, namespace: '', name })
    ?.object;
}

/** The secrets that a node needs for the volume which is bound to a claim. */
function secretsBehind(store: Store, namespace: string, name: string): ReadonlySet<string> {
  const target = { resource: persistentVolumeClaims, namespace, name };
  const claim = getObject<PersistentVolumeClaim>(store, target)?.object;
  const spec = claim?.spec?.volumeName ? volumeOf(store, claim.spec.volumeName)?.spec : undefined;
  const { claimRef } = spec ?? {};
  if (!spec || claimRef?.name !== name || claimRef.namespace !== namespace) return new Set();
  return new Set(secretsOfVolume(spec, namespace));
}

function secretsOfVolume(spec: PersistentVolumeSpec, namespace: string): string[] {
  const { azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO, storageos } = spec;
  const references: (SecretReference | undefined)[] = [
    azureFile && {
      name: azureFile.secretName,
      namespace: azureFile.secretNamespace ?? namespace,
    },
    ...[cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos].map((one) => one?.secretRef),
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ];
  return references.flatMap((one) =>
    one?.name !== undefined && (one.namespace ?? namespace) === namespace ? [one.name] : [],
  );
}

// How many pods the controllers of given pods are to have in all: the whole of which a budget's
// share is taken (SS-967).
import { namesOfDefinition } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResourceDefinition, Pod, Scale } from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { controllerOf, nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { customResourceDefinitions, replicationControllers } from '../../api/other-resources.ts';
import {
  builtinResources,
  deployments,
  groupVersion,
  replicaSets,
  resourcePath,
  statefulSets,
  type ResourceDefinition,
} from '../../api/resources.ts';
import type { Client } from '../../client/client.ts';
import type { InformerFactory, Lister } from '../../client/informer.ts';

type OwnerReference = NonNullable<ReturnType<typeof controllerOf>>;
type Scaled = KubernetesObject & { spec?: { replicas?: number | undefined } | undefined };

export interface PodsScale {
  readonly replicas: number;
  /** Names of pods without a controller, which count for nothing. */
  readonly unmanaged: readonly string[];
}

export interface ScaleReader {
  readonly informers: readonly { synced(): Promise<void> }[];
  /** Throws an Error that says so for a pod whose controller is not there. */
  read(pods: readonly Pod[]): Promise<PodsScale>;
}

/** `owner`: as far as it is known here; the uid is that of whoever has the number. */
interface Found {
  readonly uid: string;
  readonly replicas: number;
}

/** Known controllers are read from informers, others by their scale subresource. */
export function createScaleReader(client: Client, factory: InformerFactory): ScaleReader {
  const sets = factory.informer(statefulSets);
  const replicas = factory.informer(replicaSets);
  const deployed = factory.informer(deployments);
  const replication = factory.informer(replicationControllers);
  const definitions = factory.informer(customResourceDefinitions);
  const listers: Readonly<Record<string, Lister<Scaled>>> = {
    'apps/StatefulSet': sets.lister,
    'apps/ReplicaSet': replicas.lister,
    'apps/Deployment': deployed.lister,
    '/ReplicationController': replication.lister,
  };

  const find = async (namespace: string, owner: OwnerReference): Promise<Found | undefined> => {
    const lister = listers[`${groupOf(owner)}/${owner.kind}`];
    if (lister === undefined) {
      const resource = scaledResource(owner, definitions.lister.list());
      return readScale(client, { resource, owner, namespace });
    }
    const object = lister.get({ namespace, name: owner.name });
    if (object === undefined || uidOf(object) !== owner.uid) return undefined;
    const above = controllerOf(object);
    // A replica set is but a part of its deployment.
    if (owner.kind === 'ReplicaSet' && above?.kind === 'Deployment') return find(namespace, above);
    return { uid: owner.uid, replicas: object.spec?.replicas ?? 1 };
  };

  return {
    informers: [sets, replicas, deployed, replication, definitions],
    async read(pods) {
      const owners = new Map<string, { pod: Pod; owner: OwnerReference }>();
      const unmanaged: string[] = [];
      for (const pod of pods) {
        const owner = controllerOf(pod);
        if (owner === undefined) unmanaged.push(nameOf(pod));
        else if (!owners.has(owner.uid)) owners.set(owner.uid, { pod, owner });
      }
      const found = new Map<string, number>();
      for (const { pod, owner } of owners.values()) {
        const scale = await find(namespaceOf(pod), owner);
        if (scale === undefined) throw new Error(`found no controllers for pod "${nameOf(pod)}"`);
        found.set(scale.uid, scale.replicas);
      }
      return { replicas: [...found.values()].reduce((sum, one) => sum + one, 0), unmanaged };
    },
  };
}

function groupOf({ apiVersion }: OwnerReference): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** The resource of the owner's kind. Throws an Error if that has no scale. */
function scaledResource(
  { apiVersion, kind }: OwnerReference,
  definitions: readonly CustomResourceDefinition[],
): ResourceDefinition {
  const all = [...builtinResources, ...definitions.flatMap(namesOfDefinition)];
  const resource = all.find((one) => one.kind === kind && groupVersion(one) === apiVersion);
  if (resource === undefined) {
    throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
  }
  if (resource.subresources.includes('scale')) return resource;
  const name = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`;
  throw new Error(`${name} does not implement the scale subresource`);
}

async function readScale(
  { transport }: Client,
  {
    resource,
    owner,
    namespace,
  }: { resource: ResourceDefinition; owner: OwnerReference; namespace: string },
): Promise<Found | undefined> {
  const path = resourcePath(resource, { namespace, name: owner.name, subresource: 'scale' });
  try {
    const scale = (await transport.request({ method: 'GET', path })) as unknown as Scale;
    if (uidOf(scale) !== owner.uid) return undefined;
    return { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

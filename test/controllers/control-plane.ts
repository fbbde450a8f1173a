// A real control plane in memory for tests of controllers: the same server, without nodes of ours.
import { afterAll, beforeAll, expect } from 'vitest';
import type { Node, PersistentVolume, Pod } from '../../src/api/generated/types.ts';
import type { KubernetesObject } from '../../src/api/meta/object.ts';
import { nameOf } from '../../src/api/meta/object.ts';
import { isNotFound } from '../../src/api/meta/status-error.ts';
import {
  events,
  namespaces,
  nodes,
  persistentVolumes,
  serviceAccounts,
  type ResourceDefinition,
} from '../../src/api/resources.ts';
import type { Client, ObjectName } from '../../src/client/client.ts';
import {
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from '../../src/testing.ts';

const WAIT = { timeout: 10_000, interval: 10 };

export interface TestCluster {
  readonly client: Client;
  /** Creates an object of the resource; kind and version are filled in. */
  create<T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    object: Omit<T, 'apiVersion' | 'kind'>,
  ): Promise<T>;
  get<T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    name: ObjectName,
  ): Promise<T | undefined>;
  /** A new namespace whose name starts with `prefix`. */
  namespace(prefix: string): Promise<string>;
  /** A ready node with 4 cores, 8 GiB and room for 110 pods. */
  node(name: string, labels?: Record<string, string>): Promise<Node>;
  /** `Reason: message` of the events about an object, oldest first. */
  eventsOf(namespace: string, name: string): Promise<string[]>;
  /** Waits until `look` answers with something equal to `expected`. */
  eventually<V>(look: () => Promise<V>, expected: unknown): Promise<void>;
  gone(resource: ResourceDefinition, name: ObjectName): Promise<void>;
}

/** Starts before the tests of the file and stops after them. */
export function useCluster(options: ControlPlaneOptions = {}): TestCluster {
  let plane: ControlPlane;
  let count = 0;
  beforeAll(async () => {
    plane = await startControlPlane({ controllers: '*,scheduler', ...options });
  });
  afterAll(() => plane.stop());

  const cluster: TestCluster = {
    get client() {
      return plane.client;
    },
    create: (resource, object) => {
      const apiVersion =
        resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
      const complete = { ...object, apiVersion, kind: resource.kind };
      return plane.client.resource(resource).create(complete as never);
    },
    async get(resource, name) {
      try {
        return await plane.client.resource(resource).get(name);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async namespace(prefix) {
      const name = `${prefix}-${++count}`;
      await cluster.create(namespaces, { metadata: { name } });
      // Pods are refused before their account is there.
      const account = { namespace: name, name: 'default' };
      const hasAccount = async () => (await cluster.get(serviceAccounts, account)) !== undefined;
      await cluster.eventually(hasAccount, true);
      return name;
    },
    node(name, labels = {}) {
      const all = { 'kubernetes.io/hostname': name, ...labels };
      const allocatable = { cpu: '4', memory: '8Gi', pods: '110' };
      const conditions = [{ type: 'Ready', status: 'True' }];
      const status = { allocatable, conditions };
      return cluster.create(nodes, { metadata: { name, labels: all }, status });
    },
    async eventsOf(namespace, name) {
      const { items } = await plane.client.resource(events).list({ namespace });
      return items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
        .map(({ reason, message }) => `${reason}: ${message}`);
    },
    eventually: (look, expected) => expect.poll(look, WAIT).toEqual(expected),
    gone: (resource, name) =>
      expect.poll(async () => (await cluster.get(resource, name)) === undefined, WAIT).toBe(true),
  };
  return cluster;
}

/** A pod of one container; `claim` is mounted if given. */
export function podOf(
  namespace: string,
  name: string,
  { claim, cpu, spec = {} }: { claim?: string; cpu?: string; spec?: Partial<Pod['spec']> } = {},
): Omit<Pod, 'apiVersion' | 'kind'> {
  const requests = cpu === undefined ? {} : { cpu };
  const mounted = claim && [{ name: 'data', persistentVolumeClaim: { claimName: claim } }];
  return {
    metadata: { name, namespace },
    spec: {
      containers: [{ name: 'c', image: 'app:1', resources: { requests } }],
      ...(mounted ? { volumes: mounted } : {}),
      ...spec,
    },
  };
}

/** A claim of `storage` of a class. */
export function claimOf(
  namespace: string,
  name: string,
  spec: { storageClassName?: string; volumeName?: string; storage?: string; mode?: string } = {},
) {
  const { storage = '1Gi', mode = 'ReadWriteOnce', ...rest } = spec;
  return {
    metadata: { name, namespace },
    spec: { accessModes: [mode], resources: { requests: { storage } }, ...rest },
  };
}

/** A host path volume of a class. */
export function createVolume(
  cluster: TestCluster,
  name: string,
  spec: Partial<PersistentVolume['spec']> & { storage?: string } = {},
): Promise<PersistentVolume> {
  const { storage = '5Gi', ...rest } = spec;
  return cluster.create(persistentVolumes, {
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/ordinal-test-does-not-exist' },
      ...rest,
    },
  });
}

export const names = (objects: readonly KubernetesObject[]) => objects.map(nameOf).toSorted();

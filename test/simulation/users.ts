// Users: they reach the server over a quiet network, and try again when it is not there.
import type { StatefulSet } from '../../src/api/generated/types.ts';
import {
  isJsonObject,
  nameOf,
  namespaceOf,
  type KubernetesObject,
} from '../../src/api/meta/object.ts';
import { StatusError } from '../../src/api/meta/status-error.ts';
import {
  configMaps,
  serviceAccounts,
  statefulSets,
  storageClasses,
  type ResourceDefinition,
} from '../../src/api/resources.ts';
import { sleep } from '../../src/base/clock.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/create-client.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { Link } from './link.ts';
import { NAMESPACE } from './random-set.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { World } from './world.ts';

const RETRY_MS = 500;
const TRIES_MAX = 20;

export class Users {
  readonly client: Client;
  /** A living object that foreign claims belong to. */
  configUid = '';
  readonly #process: SimulatedProcess;

  constructor(world: World, link: Link) {
    this.#process = new SimulatedProcess(world, 'users');
    this.client = createClient(persistent(link.transportFor(this.#process), this.#process));
  }

  /** What a cluster has before anybody uses it. */
  async prepare(): Promise<void> {
    const account = { name: 'default', namespace: NAMESPACE };
    await this.client
      .resource(serviceAccounts)
      .create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
    const other = { name: 'other', namespace: NAMESPACE };
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: other };
    this.configUid = (await this.client.resource(configMaps).create(config)).metadata.uid ?? '';
    await this.client.resource(storageClasses).create({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: {
        name: 'local',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      provisioner: 'ordinal.dev/local',
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
  }

  async createSet(set: StatefulSet): Promise<void> {
    await this.client.resource(statefulSets).create(set);
  }

  async patchSet(set: StatefulSet, spec: object): Promise<void> {
    const name = { namespace: namespaceOf(set), name: nameOf(set) };
    const patch = { type: 'strategic' as const, body: { spec } };
    await this.client.resource(statefulSets).patch(name, patch);
  }

  async patch<T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    object: T,
    body: object,
  ): Promise<void> {
    const name = { namespace: namespaceOf(object), name: nameOf(object) };
    await this.client.resource(resource).patch(name, { type: 'merge', body });
  }

  pause(durationMs: number): Promise<void> {
    return sleep(this.#process.clock, durationMs);
  }
}

/** Tries again after broken connections; what the server answers is final. */
function persistent(inner: Transport, process: SimulatedProcess): Transport {
  return {
    ...inner,
    async request(request) {
      for (let tries = 1; ; tries++) {
        try {
          return await inner.request(request);
        } catch (error) {
          const isAnswer = error instanceof StatusError && isJsonObject(error.status);
          if (isAnswer || tries === TRIES_MAX) throw error;
          await sleep(process.clock, RETRY_MS);
        }
      }
    },
  };
}

// A set on a cluster without node agents: the test is the node agent of its pods.
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { pods, statefulSets } from '../../src/api/resources.ts';
import type { TestCluster } from './control-plane.ts';

/** The set `web` in a namespace, and what happens to its pods. */
export interface RunningSet {
  /** `web-0 web-1`: names of the pods that are there. */
  readonly podNames: () => Promise<string>;
  readonly pod: (ordinal: number) => Promise<Pod | undefined>;
  readonly uid: (ordinal: number) => Promise<string | undefined>;
  readonly set: () => Promise<StatefulSet>;
  /** Waits until a node has the pod and makes it run and be ready (or not). */
  readonly run: (ordinal: number, ready?: boolean) => Promise<void>;
  /** Ends the pod for good with a phase, as its containers would. */
  readonly end: (ordinal: number, phase: 'Failed' | 'Succeeded') => Promise<void>;
  /** Waits until the pod terminates, and removes it, as its node would. */
  readonly finish: (ordinal: number) => Promise<void>;
  /** Changes the spec and waits until the controller has acted on it. */
  readonly change: (spec: object) => Promise<void>;
}

/** Creates the set with `spec` on top of an ordinary one. */
export async function createRunningSet(
  cluster: TestCluster,
  namespace: string,
  spec: Partial<StatefulSet['spec']> = {},
): Promise<RunningSet> {
  const name = { namespace, name: 'web' };
  const podApi = cluster.client.resource(pods);
  const setApi = cluster.client.resource(statefulSets);
  await cluster.create(statefulSets, {
    metadata: name,
    spec: {
      replicas: 2,
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'app:1' }] },
      },
      ...spec,
    },
  });
  const podName = (ordinal: number) => ({ namespace, name: `web-${ordinal}` });
  const writeStatus = async (ordinal: number, status: NonNullable<Pod['status']>) => {
    await podApi.patch(
      { ...podName(ordinal), subresource: 'status' },
      { type: 'merge', body: { status } },
    );
  };
  const stateOf = async (ordinal: number) => {
    const pod = await running.pod(ordinal);
    if (pod?.metadata.deletionTimestamp !== undefined) return 'terminating';
    return pod?.spec?.nodeName === undefined ? 'unplaced' : 'placed';
  };
  const running: RunningSet = {
    async podNames() {
      const { items } = await podApi.list({ namespace });
      return items.map(({ metadata }) => metadata.name).join(' ');
    },
    pod: (ordinal) => cluster.get(pods, podName(ordinal)),
    uid: async (ordinal) => (await running.pod(ordinal))?.metadata.uid,
    set: () => setApi.get(name),
    async run(ordinal, ready = true) {
      await cluster.eventually(() => stateOf(ordinal), 'placed');
      const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
      await writeStatus(ordinal, { phase: 'Running', conditions });
    },
    end: (ordinal, phase) => writeStatus(ordinal, { phase }),
    async finish(ordinal) {
      await cluster.eventually(() => stateOf(ordinal), 'terminating');
      await podApi.delete(podName(ordinal), { gracePeriodSeconds: 0 });
    },
    async change(changes) {
      const { metadata } = await setApi.patch(name, { type: 'merge', body: { spec: changes } });
      const observed = async () => (await running.set()).status?.observedGeneration;
      await cluster.eventually(observed, metadata.generation);
    },
  };
  return running;
}

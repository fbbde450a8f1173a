// What goes wrong, each with its name as a switch. A fault lasts for its duration; all end before
// the run is judged by whether everything comes right.
import { isTerminating, nameOf, uidOf } from '../../src/api/meta/object.ts';
import { nodes, pods } from '../../src/api/resources.ts';
import type { Cluster } from './cluster.ts';
import type { Link, RequestFault } from './link.ts';
import type { Step } from './scenario.ts';
import type { PodMood } from './simulated-node.ts';
import type { SupervisedProcess } from './supervised-process.ts';
import { pickFrom } from './workloads.ts';

type Fault = (cluster: Cluster, step: Step) => void;

/** Kinds whose watches a fault can hit. */
const WATCHED = ['pods', 'statefulsets', 'persistentvolumeclaims', 'controllerrevisions'] as const;

/** Longer than the grace of a silent node and the time of its pods' collector. */
const GIVEN_UP_MS = 60_000;

export const faults: Readonly<Record<string, Fault>> = {
  'engine-crash': (cluster, step) => engine(cluster, step).crash(step.durationMs),
  'engine-crash-after-effect': (cluster, step) =>
    void (engine(cluster, step).effectsToLive = 1 + step.strength),
  'engine-freeze': (cluster, step) => engine(cluster, step).freeze(step.durationMs),
  'engine-clock-jump': (cluster, step) => {
    const process = engine(cluster, step);
    process.jump((step.strength - 5) * 7_000);
    later(cluster, step, () => process.jump(0));
  },
  'second-engine': (cluster, step) => {
    const [, second] = cluster.engines;
    second.start();
    if (!cluster.scenario.leaderElection) later(cluster, step, () => second.kill());
  },
  'manager-crash': ({ manager }, step) => manager.crash(step.durationMs),
  'manager-crash-after-effect': ({ manager }, step) =>
    void (manager.effectsToLive = 1 + step.strength),
  'watch-delay': (cluster, step) => {
    const { link } = client(cluster, step);
    const resource = WATCHED[step.strength % WATCHED.length]!;
    link.watchDelayMs.set(resource, step.durationMs);
    later(cluster, step, () => link.watchDelayMs.delete(resource));
  },
  'watch-duplicates': onLink((link, { strength }) => {
    link.duplicates = 1 + strength;
    return () => (link.duplicates = 0);
  }),
  'watch-missed-events': (cluster, step) => {
    // Events pile up on the way and are lost with the connection.
    const { link } = client(cluster, step);
    const resource = WATCHED[step.strength % WATCHED.length]!;
    link.watchDelayMs.set(resource, step.durationMs + 1_000);
    later(cluster, step, () => {
      link.watchDelayMs.delete(resource);
      link.resetWatches(resource);
    });
  },
  'watch-reset': (cluster, step) => client(cluster, step).link.resetWatches(),
  'bookmarks-only': (cluster, step) => {
    // Bookmarks move the resume point on; then the watch breaks.
    const { link } = client(cluster, step);
    link.sendBookmarks();
    later(cluster, step, () => link.resetWatches());
  },
  'history-forgotten': (cluster, step) => {
    const { store } = cluster.server;
    if (store) store.compact(store.revision).catch(() => {});
    client(cluster, step).link.resetWatches();
  },
  'api-conflict': requests('conflict'),
  'api-throttle': requests('throttle'),
  'api-server-error': requests('server-error'),
  'api-lost-answer': requests('lost-answer'),
  'api-lost-request': requests('lost-request'),
  partition: onLink((link) => {
    link.blocked = true;
    return () => (link.blocked = false);
  }),
  'store-crash': (cluster) => cluster.crashServer(),
  'store-crash-at-write': (cluster, step) => void (cluster.writesToLive = 1 + (step.pick % 40)),
  'disk-full': (cluster, step) => {
    cluster.disk.full = true;
    later(cluster, step, () => (cluster.disk.full = false));
  },
  'slow-sync': (cluster, step) => {
    cluster.disk.syncMs = 500;
    later(cluster, step, () => (cluster.disk.syncMs = 3));
  },
  'pod-unready': (cluster, step) => feel(cluster, step, 'unready'),
  'pod-crash-loop': (cluster, step) => {
    for (let round = 0; round <= step.strength; round++) {
      const atMs = round * (step.durationMs / 2);
      cluster.world.schedule(atMs, () => feel(cluster, { ...step, durationMs: 1_000 }, 'unready'));
    }
  },
  'pod-failed': (cluster, step) => feel(cluster, step, 'failed'),
  'pod-succeeded': (cluster, step) => feel(cluster, step, 'succeeded'),
  'pod-stuck-terminating': (cluster, step) => {
    const pod = pickFrom(cluster.history.objects(pods).values(), step);
    if (!pod) return;
    const uid = uidOf(pod);
    cluster.moods.stuck.add(uid);
    later(cluster, step, () => {
      cluster.moods.stuck.delete(uid);
      cluster.moods.poke(uid);
    });
  },
  'node-lost': (cluster, step) => {
    const { link } = node(cluster, step);
    link.blocked = true;
    later(cluster, step, () => (link.blocked = false));
  },
  'node-silent': (cluster, step) => {
    // Long enough to be given up: its pods are not ready, its taints keep new ones away.
    const { link } = node(cluster, step);
    link.blocked = true;
    cluster.world.schedule(step.durationMs + GIVEN_UP_MS, () => (link.blocked = false));
  },
  'node-tainted': (cluster, step) => {
    // Its pods are evicted, and may go where they can.
    const name = { name: node(cluster, step).name };
    const api = cluster.users.client.resource(nodes);
    const write = (taints: object[] | null) => {
      api.patch(name, { type: 'merge', body: { spec: { taints } } }).catch(() => {});
    };
    write([{ key: 'example.com/service', effect: 'NoExecute' }]);
    later(cluster, step, () => write(null));
  },
  'node-restart': (cluster, step) => node(cluster, step).crash(step.durationMs),
  'node-reboot': (cluster, step) => {
    const process = node(cluster, step);
    for (const running of cluster.reality.processes.values()) {
      if (running.node === process.name) cluster.reality.end(running.uid);
    }
    process.crash(step.durationMs);
  },
  'node-deleted': (cluster, step) => {
    // Gone long enough for the collector of pods, and back with its processes alive.
    const process = node(cluster, step);
    process.link.blocked = true;
    const api = cluster.users.client.resource(nodes);
    api.delete({ name: process.name }).catch(() => {});
    cluster.world.schedule(step.durationMs + GIVEN_UP_MS, () => (process.link.blocked = false));
  },
};

/** Does something when the fault is over; everything ends with the faults, see Cluster.heal(). */
function later(cluster: Cluster, step: Step, callback: () => void): void {
  cluster.world.schedule(step.durationMs, callback);
}

function engine(cluster: Cluster, { pick }: Step): SupervisedProcess {
  const running = cluster.engines.filter(({ isRunning }) => isRunning);
  return running[pick % Math.max(running.length, 1)] ?? cluster.engines[0];
}

function node({ nodes: all }: Cluster, { pick }: Step): SupervisedProcess {
  return all[pick % all.length]!;
}

/** Any client of the server; the engine more often than others. */
function client(cluster: Cluster, step: Step): SupervisedProcess {
  if (step.pick % 3 > 0) return engine(cluster, step);
  return cluster.processes[step.pick % cluster.processes.length]!;
}

/** Does something to a link; what `begin` returns undoes it. */
function onLink(begin: (link: Link, step: Step) => () => unknown): Fault {
  return (cluster, step) => {
    const end = begin(client(cluster, step).link, step);
    later(cluster, step, end);
  };
}

function requests(fault: RequestFault): Fault {
  return onLink((link, { strength }) => {
    link.requestFaults.set(fault, 1 + (strength % 5));
    return () => link.requestFaults.delete(fault);
  });
}

/** The mood of a pod that is not on its way out. */
function feel(cluster: Cluster, step: Step, mood: PodMood): void {
  const living = [...cluster.history.objects(pods).values()].filter((pod) => !isTerminating(pod));
  const pod = pickFrom(living, step);
  if (!pod) return;
  cluster.world.log('world', `${nameOf(pod)} feels ${mood}`);
  cluster.moods.set(uidOf(pod), mood);
  if (mood !== 'unready') return;
  later(cluster, step, () => {
    if (cluster.moods.of(uidOf(pod)) === mood) cluster.moods.set(uidOf(pod), undefined);
  });
}

// Looks over the shoulder of one engine process: every decision, every write, every answer.
import type { StatefulSet } from '../../src/api/generated/types.ts';
import type { Json, KubernetesObject } from '../../src/api/meta/object.ts';
import { controllerOf, keyOf, nameOf, uidOf } from '../../src/api/meta/object.ts';
import type { TransportRequest } from '../../src/client/transport.ts';
import type { Plan, Snapshot } from '../../src/controllers/statefulset/plan/snapshot.ts';
import { brokenRule, isReady, isUp } from './plan-rules.ts';
import type { RolloutBudget } from './rollout-budget.ts';
import type { World } from './world.ts';

type CacheName = 'sets' | 'pods' | 'claims';
type CacheVersions = Readonly<Record<CacheName, () => string>>;

/** What one sync saw and decided. */
export interface Decision {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
}

/** SS-801: newest versions that the engine has got back for its own writes. */
type Ledger = Map<CacheName, number>;

const ALLOWED: readonly RegExp[] = [
  /^(POST|PUT|PATCH|DELETE) \/api\/v1\/namespaces\/[^/]+\/pods(\/[^/]+)?$/,
  /^(POST|PUT) \/api\/v1\/namespaces\/[^/]+\/persistentvolumeclaims(\/[^/]+)?$/,
  /^(POST|PUT|PATCH|DELETE) \/apis\/apps\/v1\/namespaces\/[^/]+\/controllerrevisions(\/[^/]+)?$/,
  /^PUT \/apis\/apps\/v1\/namespaces\/[^/]+\/statefulsets\/[^/]+\/status$/,
  /^(POST|PATCH) \/api\/v1\/namespaces\/[^/]+\/events(\/[^/]+)?$/,
  /^(POST|PUT) \/apis\/coordination.k8s.io\/v1\/namespaces\/[^/]+\/leases(\/[^/]+)?$/,
  /^GET /,
];

export class EngineAudit {
  readonly #world: World;
  readonly #name: string;
  readonly #rollouts: RolloutBudget;
  #caches: CacheVersions | undefined;
  #decisions = new Map<string, Decision>();
  #ledgers = new Map<string, Ledger>();
  /** Plans that were looked at. */
  plans = 0;

  constructor(world: World, name: string, rollouts: RolloutBudget) {
    this.#world = world;
    this.#name = name;
    this.#rollouts = rollouts;
  }

  /** A new life of the process. */
  begin(caches: CacheVersions): void {
    this.#caches = caches;
    this.#decisions = new Map();
    this.#ledgers = new Map();
    this.#rollouts.begin(this.#name);
  }

  plan(snapshot: Snapshot, plan: Plan): void {
    const { set } = snapshot;
    this.plans++;
    this.#checkFreshness(snapshot);
    this.#decisions.set(keyOf(set), { snapshot, plan });
    const broken = brokenRule(snapshot, plan);
    if (broken) this.#fail(broken.rule, `${keyOf(set)}: ${broken.message}`);
  }

  /** A request that is about to leave. */
  send(request: TransportRequest): void {
    const line = `${request.method} ${request.path}`;
    if (!ALLOWED.some((pattern) => pattern.test(line))) this.#fail('keepsToItsOwn', line);
    const isPodDeletion = request.method === 'DELETE' && request.path.includes('/pods/');
    const body = request.body as { gracePeriodSeconds?: number } | undefined;
    if (isPodDeletion && body?.gracePeriodSeconds !== undefined) this.#fail('neverForces', line);
    if (line.endsWith('/status')) this.#checkStatus(request.body as StatefulSet);
  }

  /** A write that has taken effect: a deletion must have hit the pod that was decided on. */
  effect({ method, path, body }: TransportRequest, reply: Json, alive: boolean): void {
    if (method !== 'DELETE' || !path.includes('/pods/')) return;
    const pod = reply as unknown as KubernetesObject;
    const decision = [...this.#decisions.values()].find(
      ({ snapshot }) => uidOf(snapshot.set) === controllerOf(pod)?.uid,
    );
    if (alive && decision) this.#rollouts.deleted(pod, decision);
    if (!alive) this.#rollouts.blur();
    const { preconditions } = (body ?? {}) as { preconditions?: { uid?: string } };
    const hit = uidOf(reply as unknown as KubernetesObject);
    if (preconditions?.uid === undefined || hit === preconditions.uid) return;
    this.#fail('deletesWhatItDecidedOn', `${path}: ${hit} instead of ${preconditions.uid}`);
  }

  /** An answer that has arrived. */
  reply({ method, path }: TransportRequest, reply: Json): void {
    if (method === 'GET') return;
    const object = reply as unknown as KubernetesObject;
    const version = Number(object.metadata?.resourceVersion);
    if (/\/statefulsets\/[^/]+\/status$/.test(path)) this.#note(uidOf(object), 'sets', version);
    else if (/\/pods(\/[^/]+)?$/.test(path)) {
      // A pod that was released has no controller any more, and is not tracked.
      const owner = controllerOf(object);
      if (owner) this.#note(owner.uid, 'pods', version);
    } else if (/\/persistentvolumeclaims(\/[^/]+)?$/.test(path)) {
      const owners = [...this.#decisions.values()].filter(({ plan }) => writes(plan, object));
      if (owners.length === 1) this.#note(uidOf(owners[0]!.snapshot.set), 'claims', version);
    }
  }

  #note(uid: string, cache: CacheName, version: number): void {
    const ledger = this.#ledgers.get(uid) ?? new Map<CacheName, number>();
    this.#ledgers.set(uid, ledger.set(cache, Math.max(ledger.get(cache) ?? 0, version)));
  }

  /** SS-801; pods that this very sync has adopted are in the snapshot as they were answered. */
  #checkFreshness({ set, pods }: Snapshot): void {
    const newest = Math.max(...pods.map(({ metadata }) => Number(metadata.resourceVersion)));
    for (const [cache, version] of this.#ledgers.get(uidOf(set)) ?? []) {
      const seen = Number(this.#caches?.[cache]());
      if (seen >= version || (cache === 'pods' && newest >= version)) continue;
      const text = `${keyOf(set)} decided with ${cache} at ${seen}, after its own write ${version}`;
      this.#fail('decidesOnFreshCaches', text);
    }
  }

  /** SS-541 … SS-548: the counts are those of the pods that the decision saw. */
  #checkStatus(body: StatefulSet): void {
    const decision = this.#decisions.get(keyOf(body));
    if (!decision) return this.#fail('statusIsHonest', `${keyOf(body)}: out of nowhere`);
    if (uidOf(decision.snapshot.set) !== uidOf(body)) {
      return this.#fail('statusIsHonest', `${keyOf(body)}: that of another set`);
    }
    const wrong = wrongStatus(body, decision);
    if (wrong !== undefined) this.#fail('statusIsHonest', `${keyOf(body)}: ${wrong}`);
  }

  #fail(invariant: string, message: string): void {
    this.#world.fail(invariant, `${this.#name}: ${message}`);
  }
}

function writes(plan: Plan, claim: KubernetesObject): boolean {
  return plan.stages.some(({ tasks }) =>
    tasks.some(({ actions }) =>
      actions.some(
        (action) =>
          action.type !== 'delete-pod' &&
          [...action.claims.create, ...action.claims.update].some(
            (planned) => nameOf(planned) === nameOf(claim),
          ),
      ),
    ),
  );
}

function wrongStatus({ status }: StatefulSet, { snapshot, plan }: Decision): string | undefined {
  if (!status) return 'there is none';
  const { set, pods, revisions, nowMs } = snapshot;
  const created = pods.filter((pod) => (pod.status?.phase ?? '') !== '');
  const ready = created.filter(isReady);
  const staying = created.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const at = (revision: KubernetesObject) =>
    staying.filter((pod) => pod.metadata.labels?.['controller-revision-hash'] === nameOf(revision))
      .length;
  const exact: Record<string, [unknown, unknown]> = {
    observedGeneration: [status.observedGeneration, set.metadata.generation],
    replicas: [status.replicas, created.length],
    readyReplicas: [status.readyReplicas, ready.length],
    availableReplicas: [
      status.availableReplicas,
      ready.filter((pod) => isUp(pod, set, nowMs)).length,
    ],
    updatedReplicas: [status.updatedReplicas, at(revisions.update)],
    updateRevision: [status.updateRevision, nameOf(revisions.update)],
  };
  for (const [field, [told, counted]] of Object.entries(exact)) {
    if (told !== counted) return `${field} is told as ${String(told)}, not ${String(counted)}`;
  }
  const updates = plan.stages.filter(({ step }) => step === 'update');
  const deletions = updates.flatMap(({ tasks }) => tasks).length;
  const current = at(revisions.current);
  const isCurrent =
    status.currentRevision === nameOf(revisions.current) &&
    (status.currentReplicas ?? 0) <= current &&
    (status.currentReplicas ?? 0) >= current - deletions;
  const replicas = set.spec?.replicas ?? 1;
  const isComplete =
    [status.replicas, status.readyReplicas, status.updatedReplicas].every((n) => n === replicas) &&
    status.currentReplicas === replicas &&
    status.currentRevision === status.updateRevision;
  if (isCurrent || isComplete) return undefined;
  return `currentReplicas is told as ${status.currentReplicas} of ${status.currentRevision}`;
}

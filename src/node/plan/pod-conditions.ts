// The conditions a node agent keeps on a pod; conditions of other types are left as they are.
import type {
  ContainerStatus,
  PodCondition,
  PodSpec,
  PodStatus,
} from '../../api/generated/types.ts';
import { formatTime } from '../../base/time.ts';
import { hasStarted } from './pod-phase.ts';
import type { PodPhase } from './pod-phase.ts';
import { isSidecar } from './pod-snapshot.ts';

export interface ConditionsInput {
  readonly spec: PodSpec;
  readonly phase: PodPhase;
  readonly initStatuses: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
  /** The sandbox is up and has an address. */
  readonly sandboxReady: boolean;
  readonly previous: PodStatus;
  readonly generation: number | undefined;
  readonly nowMs: number;
}

/** Types that only the node agent sets; `PodScheduled` is the scheduler's and made up if absent. */
export const OWN_CONDITIONS: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
];

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const TRUE: Verdict = { status: 'True' };

function unreadyVerdict(reason: string, what: string, names: readonly string[]): Verdict {
  return {
    status: 'False',
    reason,
    message: `containers with ${what} status: [${names.join(' ')}]`,
  };
}

function initialized({ spec, phase, initStatuses, statuses }: ConditionsInput): Verdict {
  const containers = spec.initContainers ?? [];
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (hasStarted(statuses)) return TRUE;
  const incomplete = containers.filter((container) => {
    const status = initStatuses.find(({ name }) => name === container.name);
    return isSidecar(container) ? status?.started !== true : status?.ready !== true;
  });
  if (incomplete.length === 0) return TRUE;
  const names = incomplete.map(({ name }) => name);
  return unreadyVerdict('ContainersNotInitialized', 'incomplete', names);
}

function containersReady({ spec, phase, initStatuses, statuses }: ConditionsInput): Verdict {
  const containers = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];
  const all = [...initStatuses, ...statuses];
  const unready = containers
    .map(({ name }) => name)
    .filter((name) => all.find((status) => status.name === name)?.ready !== true);
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (unready.length === 0) return TRUE;
  return unreadyVerdict('ContainersNotReady', 'unready', unready);
}

function ready({ spec, previous }: ConditionsInput, containers: Verdict): Verdict {
  if (containers.status !== 'True') return containers;
  const messages = (spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = previous.conditions?.find(({ type }) => type === conditionType);
    if (found === undefined) {
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    }
    if (found.status === 'True') return [];
    return [
      `the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`,
    ];
  });
  if (messages.length === 0) return TRUE;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

/** The pod's conditions, ours first; lastTransitionTime changes only with the status. */
export function podConditions(input: ConditionsInput): PodCondition[] {
  const { previous, generation, nowMs } = input;
  const containers = containersReady(input);
  const scheduled = previous.conditions?.find(({ type }) => type === 'PodScheduled');
  const verdicts: [string, Verdict][] = [
    ['PodReadyToStartContainers', { status: input.sandboxReady ? 'True' : 'False' }],
    ['Initialized', initialized(input)],
    ['Ready', ready(input, containers)],
    ['ContainersReady', containers],
  ];
  if (scheduled === undefined) verdicts.push(['PodScheduled', TRUE]);
  const ours = verdicts.map(([type, verdict]): PodCondition => {
    const old = previous.conditions?.find((condition) => condition.type === type);
    const kept = old?.status === verdict.status ? old.lastTransitionTime : undefined;
    return {
      type,
      ...verdict,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: kept ?? formatTime(nowMs),
    };
  });
  const types = new Set(ours.map(({ type }) => type));
  return [...ours, ...(previous.conditions ?? []).filter(({ type }) => !types.has(type))];
}

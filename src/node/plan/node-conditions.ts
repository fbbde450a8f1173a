// The conditions of the Node object: the usual ones, and one for each ability the runtime lacks
// here.
import type { NodeCondition } from '../../api/generated/types.ts';
import { formatTime } from '../../base/time.ts';

/** What of the runtime's abilities shows as a condition; true is good. */
export interface AbilitiesView {
  readonly podAddress: boolean;
  readonly hostname: boolean;
  readonly mounts: boolean;
  readonly pidNamespace: boolean;
  readonly runAsUser: boolean;
  readonly memoryLimit: boolean;
  readonly cpuLimit: boolean;
  readonly terminal: boolean;
  readonly notes: readonly string[];
}

type Plain = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

const USUAL: readonly Plain[] = [
  {
    type: 'MemoryPressure',
    status: 'False',
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  {
    type: 'DiskPressure',
    status: 'False',
    reason: 'KubeletHasNoDiskPressure',
    message: 'kubelet has no disk pressure',
  },
  {
    type: 'PIDPressure',
    status: 'False',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
  {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  },
];

const ABILITY_TYPES = {
  podAddress: 'PodAddressAvailable',
  hostname: 'HostnameAvailable',
  mounts: 'MountsAvailable',
  pidNamespace: 'PidNamespaceAvailable',
  runAsUser: 'RunAsUserAvailable',
  memoryLimit: 'MemoryLimitAvailable',
  cpuLimit: 'CpuLimitAvailable',
  terminal: 'TerminalAvailable',
} as const;

function abilityConditions(runtimeName: string, abilities: AbilitiesView): Plain[] {
  const notes = abilities.notes.join(' ');
  const sandboxed = runtimeName === 'sandbox';
  const sandbox: Plain = {
    type: 'ordinal.dev/SandboxAvailable',
    status: sandboxed ? 'True' : 'False',
    reason: sandboxed ? 'NamespacesWork' : 'PlainProcesses',
    message: sandboxed ? 'pods run in namespaces of their own' : notes,
  };
  const names = Object.keys(ABILITY_TYPES) as (keyof typeof ABILITY_TYPES)[];
  const missing = names
    .filter((name) => !abilities[name])
    .map((name): Plain => ({
      type: `ordinal.dev/${ABILITY_TYPES[name]}`,
      status: 'False',
      reason: 'NotOnThisMachine',
      message: notes,
    }));
  return [sandbox, ...missing];
}

export interface NodeConditionsInput {
  readonly runtimeName: string;
  readonly abilities: AbilitiesView;
  readonly previous: readonly NodeCondition[];
  readonly nowMs: number;
}

/** Ours, then those of others; lastTransitionTime changes only with the status. */
export function nodeConditions(input: NodeConditionsInput): NodeCondition[] {
  const { runtimeName, abilities, previous, nowMs } = input;
  const now = formatTime(nowMs);
  const ours = [...abilityConditions(runtimeName, abilities), ...USUAL].map((plain) => {
    const old = previous.find(({ type }) => type === plain.type);
    const kept = old?.status === plain.status ? old.lastTransitionTime : undefined;
    return { ...plain, lastHeartbeatTime: now, lastTransitionTime: kept ?? now };
  });
  const types = new Set(ours.map(({ type }) => type));
  const others = previous.filter(
    ({ type }) => !types.has(type) && !type.startsWith('ordinal.dev/'),
  );
  return [...others, ...ours];
}

// Finds out what the sandbox can do on this machine by doing it, in namespaces that vanish with the
// probe. Versions and settings are not looked at: kernels, containers and profiles all differ.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorMessage } from '../../../base/errors.ts';
import { commandRunner, missingTools, shellQuote, type CommandRunner } from '../command-runner.ts';
import { readText } from '../process-identity.ts';
import type { RuntimeAbilities } from '../runtime.ts';
import { capabilitiesOfMask } from './capabilities.ts';
import { probeCgroups, type CgroupAbility } from './cgroup.ts';
import type { RootLevel } from './container-root.ts';

export interface SandboxAbilities {
  /** Why the sandbox can't be used at all, in one sentence; undefined when it can. */
  readonly refusal: string | undefined;
  /** Works through a user namespace because we are not the machine's root. */
  readonly rootless: boolean;
  readonly rootLevel: RootLevel;
  /** `single`: a container has one user id, whichever it asks for. */
  readonly userIds: 'all' | 'single' | 'none';
  readonly cgroups: CgroupAbility;
  readonly missingTools: readonly string[];
  readonly runtime: RuntimeAbilities;
}

const REQUIRED_TOOLS = [
  'sh',
  'cat',
  'env',
  'mkfifo',
  'sleep',
  'hostname',
  'ip',
  'unshare',
  'nsenter',
  'setpriv',
  'setsid',
  'mount',
  'umount',
  'pivot_root',
];
const TERMINAL_TOOLS = ['script', 'stty'];
const TRIM_TOOL = 'fallocate';

/** Without one of these nothing works; each name is a step of the probe. */
const REQUIRED_STEPS: Readonly<Record<string, string>> = {
  tmpfs: 'mounting is refused',
  bridge: 'network bridges are refused',
  netns: 'network namespaces are refused',
  veth: 'virtual network cables are refused',
  hostname: 'setting a host name is refused',
  proc: 'mounting /proc is refused',
  sysfs: 'mounting /sys is refused',
  devpts: 'mounting /dev/pts is refused',
  device: 'binding devices is refused',
};

/** $1 is a scratch directory. Prints one line "<step> ok" or "<step> <error>" per step. */
const PROBE_SCRIPT = `step() {
name=$1; shift
if error=$("$@" 2>&1); then echo "$name ok"; else echo "$name $error"; fi
}
cd "$1"
mkdir p s d u1 w1 u2 w2 m1 m2
: >n
step tmpfs mount -t tmpfs probe /run
step bridge ip link add probe0 type bridge
step netns ip netns add probe
step veth ip link add probe1 type veth peer name eth0 netns probe
step hostname hostname probe
step proc mount -t proc proc p
step sysfs mount -t sysfs sysfs s
step devpts mount -t devpts -o newinstance devpts d
step device mount --bind /dev/null n
step overlay mount -t overlay -o lowerdir=/,upperdir=u1,workdir=w1 overlay m1
step directories mount -t overlay -o lowerdir=/usr,upperdir=u2,workdir=w2,userxattr overlay m2
step user unshare --user --map-user=1000 --map-group=1000 true
`;

export interface ProbeOptions {
  /** Where containers will be kept: decides whether overlays work there. */
  readonly scratchDir?: string;
  readonly runner?: CommandRunner;
}

/** Probes by doing; takes about 20 ms. */
export async function probeSandbox(options: ProbeOptions = {}): Promise<SandboxAbilities> {
  const { scratchDir = tmpdir(), runner = commandRunner() } = options;
  const missing = missingTools([...REQUIRED_TOOLS, ...TERMINAL_TOOLS, TRIM_TOOL]);
  const lacking = REQUIRED_TOOLS.filter((tool) => missing.includes(tool));
  const newUsers = !hasAdminCapabilities();
  // Inside a user namespace (such as the cluster namespace) we have the capabilities only there.
  const rootless = newUsers || !mapsAllUsers();
  if (lacking.length > 0) {
    const refusal = `these programs are not installed: ${lacking.join(', ')}`;
    return abilities({ refusal, rootless, missing, steps: new Map() });
  }
  const steps = await runProbe(runner, { scratchDir, newUsers });
  return abilities({ refusal: refusalOf(steps), rootless, missing, steps });
}

interface Findings {
  readonly refusal: string | undefined;
  readonly rootless: boolean;
  readonly missing: readonly string[];
  /** Step → `ok` or the error. */
  readonly steps: ReadonlyMap<string, string>;
}

async function runProbe(
  runner: CommandRunner,
  { scratchDir, newUsers }: { scratchDir: string; newUsers: boolean },
): Promise<Map<string, string>> {
  mkdirSync(scratchDir, { recursive: true });
  const scratch = mkdtempSync(join(scratchDir, 'probe-'));
  try {
    const user = newUsers ? ['--user', '--map-root-user'] : [];
    const spaces = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork'];
    const script = ['sh', '-c', PROBE_SCRIPT, 'probe', scratch];
    const { stdout, stderr } = await runner.run(['unshare', ...user, ...spaces, ...script]);
    // Overlays leave directories behind that only the namespace's root may enter.
    const remove = `rm -rf ${shellQuote(scratch)}`;
    await runner.run([...(newUsers ? ['unshare', ...user] : []), 'sh', '-c', remove]);
    const lines = stdout.split('\n').filter((line) => line.includes(' '));
    const steps = lines.map((line): [string, string] => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    });
    return new Map(steps.length > 0 ? steps : [['unshare', stderr.trim() || 'refused']]);
  } catch (error) {
    return new Map([['unshare', errorMessage(error)]]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function refusalOf(steps: ReadonlyMap<string, string>): string | undefined {
  const refused = steps.get('unshare');
  if (refused !== undefined) return `the kernel refuses namespaces (${refused})`;
  for (const [step, meaning] of Object.entries(REQUIRED_STEPS)) {
    const result = steps.get(step) ?? 'not reached';
    if (result !== 'ok') return `${meaning} (${result})`;
  }
  return undefined;
}

function abilities({ refusal, rootless, missing, steps }: Findings): SandboxAbilities {
  const works = (step: string) => steps.get(step) === 'ok';
  const cgroups = probeCgroups();
  const rootLevel: RootLevel =
    !rootless && works('overlay') ? 'overlay' : works('directories') ? 'directories' : 'read-only';
  const userIds = !rootless ? 'all' : works('user') ? 'single' : 'none';
  const terminal = TERMINAL_TOOLS.every((tool) => !missing.includes(tool));
  const facts = { refusal, rootless, rootLevel, userIds, cgroups, missingTools: missing } as const;
  const runtime: RuntimeAbilities = {
    podAddress: true,
    hostname: true,
    mounts: true,
    pidNamespace: true,
    runAsUser: userIds !== 'none',
    memoryLimit: cgroups.memory !== undefined,
    cpuLimit: cgroups.cpu !== undefined,
    terminal,
    notes: notes(facts),
  };
  return { ...facts, runtime };
}

function notes(facts: Omit<SandboxAbilities, 'runtime'>): string[] {
  const { rootless, rootLevel, userIds, cgroups, missingTools: missing } = facts;
  const lacking = (tools: readonly string[]) => tools.some((tool) => missing.includes(tool));
  const all: [boolean, string][] = [
    [
      rootless && userIds === 'single',
      'Not run as root: a container has a single user and group id (runAsUser works; ' +
        'supplementary groups and changing the owner of files do not).',
    ],
    [
      userIds === 'none',
      'Nested user namespaces are refused: every container runs as user 0 of the sandbox, which ' +
        'is the user who started the server.',
    ],
    [
      rootLevel === 'read-only',
      "Overlay file systems are refused: containers see the host's programs read-only.",
    ],
    [
      cgroups.memory === undefined,
      'No memory control group can be made: memory limits are not enforced.',
    ],
    [cgroups.cpu === undefined, 'No CPU control group can be made: CPU limits are not enforced.'],
    [lacking(TERMINAL_TOOLS), 'script or stty is missing: exec and attach have no terminal (-t).'],
    [
      lacking([TRIM_TOOL]),
      'fallocate is missing: the raw output of a container takes disk space until it ends.',
    ],
  ];
  return all.filter(([applies]) => applies).map(([, sentence]) => sentence);
}

function hasAdminCapabilities(): boolean {
  const mask = /^CapEff:\s+([0-9a-f]+)/m.exec(readText('/proc/self/status'))?.[1] ?? '0';
  const effective = capabilitiesOfMask(mask);
  return process.geteuid?.() === 0 && effective.has('SYS_ADMIN') && effective.has('NET_ADMIN');
}

function mapsAllUsers(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readText('/proc/self/uid_map'));
}

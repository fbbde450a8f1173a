// `ordinal doctor`: what this machine can do, found by doing it, and what follows.
import { tmpdir } from 'node:os';
import { probeSandbox } from '../node/runtime/sandbox/probe-sandbox.ts';
import { processAbilities } from '../node/runtime/process/process-runtime.ts';
import type { RuntimeAbilities } from '../node/runtime/runtime.ts';

const WORDS: readonly [keyof Omit<RuntimeAbilities, 'notes'>, string][] = [
  ['podAddress', 'every pod has an address of its own'],
  ['hostname', 'own hostname, /etc/hosts and /etc/resolv.conf'],
  ['mounts', 'volumes at their mount paths'],
  ['pidNamespace', 'own process space'],
  ['runAsUser', 'runAsUser and fsGroup'],
  ['memoryLimit', 'memory limits'],
  ['cpuLimit', 'CPU limits'],
  ['terminal', 'terminals for exec -it'],
];

export async function doctor(): Promise<void> {
  const sandbox = await probeSandbox({ scratchDir: tmpdir() });
  const usable = sandbox.refusal === undefined;
  const abilities = usable ? sandbox.runtime : processAbilities();
  const who = sandbox.rootless ? 'as an ordinary user' : 'as root';
  const lines = [
    `Node.js ${process.versions.node} on ${process.platform}/${process.arch}`,
    usable
      ? `runtime: sandbox (Linux namespaces, ${who}, root view: ${sandbox.rootLevel})`
      : `runtime: process (plain processes), because ${sandbox.refusal}`,
    ...WORDS.map(([ability, text]) => `  ${abilities[ability] ? 'yes' : 'no '}  ${text}`),
    ...abilities.notes.map((note) => `note: ${note}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

// Probing the sandbox takes a tenth of a warm start, and what a machine can do does not change
// while it runs: a good answer is remembered until the next boot.
import { readFileSync, writeFileSync } from 'node:fs';
import { ownIdentity } from '../node/runtime/process-identity.ts';
import { probeSandbox, type SandboxAbilities } from '../node/runtime/sandbox/probe-sandbox.ts';
import type { DataDirectory } from './data-directory.ts';
import { VERSION } from './version.ts';

interface KnownAbilities {
  readonly bootId: string;
  readonly userId: number | undefined;
  readonly version: string;
  readonly abilities: SandboxAbilities;
}

function present(): Omit<KnownAbilities, 'abilities'> {
  return { bootId: ownIdentity().bootId, userId: process.geteuid?.(), version: VERSION };
}

function read(path: string): KnownAbilities | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as KnownAbilities;
  } catch {
    return undefined; // none yet, or torn by a kill: the probe answers again
  }
}

/** What the sandbox can do: remembered, or probed now. The data directory must exist. */
export async function sandboxAbilities(directory: DataDirectory): Promise<SandboxAbilities> {
  const path = directory.abilitiesFile;
  const now = present();
  const known = read(path);
  const isCurrent =
    known?.bootId === now.bootId && known.userId === now.userId && known.version === now.version;
  if (isCurrent) return known.abilities;
  const abilities = await probeSandbox({ scratchDir: directory.root });
  if (abilities.refusal === undefined) writeFileSync(path, JSON.stringify({ ...now, abilities }));
  return abilities;
}

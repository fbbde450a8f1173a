// Run after every change of dependencies: `node scripts/complete-lockfile.mjs`.
// A registry mirror that lacks the packages of other platforms makes npm leave them out of the lock
// file, and `npm ci` then refuses it. This adds what is missing: name, version and platform, which
// is all that npm needs in order to pass over packages of other platforms.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']; // prettier-ignore
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32']; // prettier-ignore
const C_LIBRARIES = { gnu: 'glibc', glibc: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }; // prettier-ignore

/** The platform fields that a package's name tells: `@x/binding-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[^a-z0-9]+/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  const libc = words.flatMap((word) => C_LIBRARIES[word] ?? []);
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    ...(os.length > 0 ? { os } : {}),
  };
}

const added = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  delete entry.resolved; // names a host
  if (place === '') continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] || lock.packages[`${place}/${key}`]) continue;
    if (!/^\d+\.\d+\.\d+/.test(version)) continue;
    const dev = entry.dev === true ? { dev: true } : {};
    lock.packages[key] = { version, ...platformOf(name), ...dev, optional: true };
    added.push(name);
  }
}

const root = lock.packages[''];
const { '': _root, ...others } = lock.packages;
const sorted = Object.keys(others).sort((a, b) => (a < b ? -1 : 1));
lock.packages = { '': root, ...Object.fromEntries(sorted.map((key) => [key, others[key]])) };
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added.length} packages of other platforms added\n`);

// GET /version (API-201). Tools gate features on gitVersion, so it names the Kubernetes minor
// whose behaviour we follow.

export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** `emulatedVersion`: the Kubernetes minor that is followed, `1.36`. */
export function versionInfo(emulatedVersion: string): VersionInfo {
  const [major = '1', minor = '0'] = emulatedVersion.split('.');
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.0+ordinal`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node${process.version.slice(1)}`,
    compiler: 'node',
    platform: `${process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
  };
}

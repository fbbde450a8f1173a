// The command line: argv in, exit code out. Commands are loaded when they are called.
import { Command, InvalidArgumentError, Option } from 'commander';
import { OrdinalError, errorMessage } from '../base/errors.ts';
import { createConsoleLogger, type LogLevel } from './console-logger.ts';
import { defaultDataDirectory } from './data-directory.ts';
import { assertGatesExist, parseFeatureGates } from './feature-gates.ts';
import type { UpOptions } from './up.ts';
import { VERSION } from './version.ts';

function wholeNumber(max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value <= max) return value;
    throw new InvalidArgumentError(`must be a whole number from 0 to ${max}`);
  };
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as Go writes it: `1m30s`, `1.5s`; not zero. */
function duration(text: string): number {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  const isWhole = parts.map(([part]) => part).join('') === text;
  const ms = parts.reduce((sum, [, count, unit = '']) => {
    return sum + Number(count) * (MILLISECONDS[unit] ?? 0);
  }, 0);
  if (isWhole && ms > 0) return ms;
  throw new InvalidArgumentError('must be a duration such as 15s, 1m30s or 500ms');
}

function durationOption(flag: string, description: string, value: string): Option {
  const option = new Option(`${flag} <duration>`, description);
  return option.argParser(duration).default(duration(value), value);
}

function dataDirOption(): Option {
  return new Option('--data-dir <dir>', 'where the data lives')
    .default(defaultDataDirectory(process.env))
    .env('ORDINAL_DATA_DIR');
}

function logLevelOption(): Option {
  return new Option('--log-level <level>', 'least level that is logged')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])
    .default('warn')
    .env('ORDINAL_LOG_LEVEL');
}

function versionOption(): Option {
  return new Option('--emulated-version <version>', 'Kubernetes minor version to follow')
    .choices(['1.36', '1.37'])
    .default('1.36')
    .env('ORDINAL_EMULATED_VERSION');
}

function gatesOption(): Option {
  return new Option('--feature-gates <gates>', 'Gate=true|false, comma-separated')
    .argParser(parseFeatureGates)
    .default({}, 'those of the emulated version')
    .env('ORDINAL_FEATURE_GATES');
}

function loggerAt(level: string, json = false) {
  return createConsoleLogger({
    level: level as LogLevel,
    json,
    write: (line) => process.stderr.write(line),
    nowMs: Date.now,
  });
}

const program = new Command('ordinal')
  .description('StatefulSets, everywhere: an embedded Kubernetes control plane that runs real pods')
  .version(VERSION)
  .showHelpAfterError('(see --help)');

program
  .command('up')
  .description('start the control plane and a node; runs in the foreground')
  .addOption(dataDirOption())
  .addOption(
    new Option('--port <port>', 'port of the API on 127.0.0.1; 0 picks a free one')
      .argParser(wholeNumber(65535))
      .default(6443)
      .env('ORDINAL_PORT'),
  )
  .addOption(
    new Option(
      '--kubeconfig <file>',
      'where to write the kubeconfig (default: in the data directory)',
    ).env('ORDINAL_KUBECONFIG'),
  )
  .addOption(
    new Option('--nodes <n>', 'number of nodes; 0 runs no node agent')
      .argParser(wholeNumber(64))
      .default(1)
      .env('ORDINAL_NODES'),
  )
  .addOption(
    new Option('--runtime <runtime>', 'how pods are run')
      .choices(['auto', 'sandbox', 'process'])
      .default('auto')
      .env('ORDINAL_RUNTIME'),
  )
  .addOption(
    new Option('--durability <durability>', 'memory forgets everything at the end')
      .choices(['disk', 'memory'])
      .default('disk')
      .env('ORDINAL_DURABILITY'),
  )
  .addOption(
    new Option('--controllers <list>', '*, name or -name, comma-separated; empty runs none')
      .default('*')
      .env('ORDINAL_CONTROLLERS'),
  )
  .addOption(
    durationOption('--node-monitor-period', 'between two looks at the nodes', '5s').env(
      'ORDINAL_NODE_MONITOR_PERIOD',
    ),
  )
  .addOption(
    durationOption('--node-monitor-grace-period', 'a node may be silent so long', '50s').env(
      'ORDINAL_NODE_MONITOR_GRACE_PERIOD',
    ),
  )
  .addOption(
    durationOption('--node-startup-grace-period', 'the same for one that never spoke', '60s').env(
      'ORDINAL_NODE_STARTUP_GRACE_PERIOD',
    ),
  )
  .addOption(gatesOption())
  .addOption(versionOption())
  .addOption(
    new Option('--dns-port <port>', 'port of the cluster DNS on 127.0.0.1; 0 picks a free one')
      .argParser(wholeNumber(65535))
      .default(0)
      .env('ORDINAL_DNS_PORT'),
  )
  .addOption(
    new Option('--detach', 'return when ready and leave the server running').env('ORDINAL_DETACH'),
  )
  .addOption(
    new Option('--output <format>', 'form of the ready line')
      .choices(['text', 'json'])
      .default('text')
      .env('ORDINAL_OUTPUT'),
  )
  .addOption(
    new Option('--audit-log <file>', 'write who asked for what, as JSON lines').env(
      'ORDINAL_AUDIT_LOG',
    ),
  )
  .addOption(
    new Option('--audit-policy-file <file>', 'which requests are logged, and how much').env(
      'ORDINAL_AUDIT_POLICY_FILE',
    ),
  )
  .addOption(logLevelOption())
  .action(async (options: UpOptions) => {
    assertGatesExist(options.featureGates, options.emulatedVersion);
    const { up } = await import('./up.ts');
    const logger = loggerAt(options.logLevel, options.output === 'json');
    process.exitCode = await up({ ...options, detach: options.detach === true }, logger);
    process.exit();
  });

program
  .command('down')
  .description('stop the pods gracefully, then the control plane')
  .addOption(dataDirOption())
  .option('--wipe', 'remove the data too', false)
  .action(async (options: { dataDir: string; wipe: boolean }) => {
    const { down } = await import('./down.ts');
    await down(options);
    process.exit();
  });

program
  .command('status')
  .description('show whether a server runs, and what it holds')
  .addOption(dataDirOption())
  .action(async (options: { dataDir: string }) => {
    const { status } = await import('./status.ts');
    process.exit(await status(options));
  });

program
  .command('controller')
  .description('run the StatefulSet engine alone, against any Kubernetes API')
  .requiredOption('--kubeconfig <file>', 'how to reach the API')
  .option('--leader-elect', 'work only while holding the lease', false)
  .addOption(
    durationOption('--leader-elect-lease-duration', 'a lease this old may be taken', '15s'),
  )
  .addOption(
    durationOption('--leader-elect-renew-deadline', 'the leader gives up after this', '10s'),
  )
  .addOption(durationOption('--leader-elect-retry-period', 'between two tries', '2s'))
  .addOption(
    new Option('--leader-elect-resource-name <name>', 'name of the lease').default(
      'ordinal-statefulset-controller',
    ),
  )
  .addOption(
    new Option('--leader-elect-resource-namespace <namespace>', 'its namespace').default(
      'kube-system',
    ),
  )
  .addOption(
    new Option('--workers <n>', 'sets synced at once').argParser(wholeNumber(1000)).default(5),
  )
  .addOption(gatesOption())
  .addOption(versionOption())
  .addOption(logLevelOption())
  .action(async (options) => {
    assertGatesExist(options.featureGates, options.emulatedVersion);
    const { controller } = await import('./controller.ts');
    process.exit(await controller(options, loggerAt(options.logLevel)));
  });

program
  .command('doctor')
  .description('show what this machine can do, and what follows')
  .action(async () => {
    const { doctor } = await import('./doctor.ts');
    await doctor();
    process.exit();
  });

program
  .command('drain', { hidden: true })
  .addOption(dataDirOption())
  .action(async (options: { dataDir: string }) => {
    const { drainCommand } = await import('./drain.ts');
    await drainCommand(options.dataDir);
    process.exit();
  });

// Every command ends by process.exit(). Until then it runs, though it only waits on timers, which
// do not keep the process alive by themselves (base/clock.ts).
setInterval(() => {}, 2 ** 30);
try {
  await program.parseAsync();
} catch (error) {
  const action = error instanceof OrdinalError ? error.action : undefined;
  const hint = action === undefined ? '' : ` (${action.replace(/\.$/, '')})`;
  const code = error instanceof OrdinalError ? ` [${error.code}]` : '';
  process.stderr.write(`ordinal: ${errorMessage(error)}${hint}${code}\n`);
  process.exit(1);
}

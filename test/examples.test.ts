// The examples work as they stand, with the built package.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { at, projectFiles, root } from './source-files.ts';

const examples = projectFiles().filter((path) => /^examples\/.*\.test\.mjs$/.test(path));
const TIMEOUT_MS = 120_000;

function run(command: readonly string[]) {
  const [program = '', ...words] = command;
  const { NO_COLOR: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(program, words, {
    encoding: 'utf8',
    cwd: root,
    // Not those of the vitest that runs us.
    env: { ...env, VITEST: '', VITEST_MODE: '', NODE_OPTIONS: '' },
  });
  return { status, stdout, stderr };
}

test.each(examples)('%s', { timeout: TIMEOUT_MS }, (path) => {
  expect(run([process.execPath, '--test', at(path)])).toMatchObject({ status: 0 });
});

test('examples/vitest', { timeout: TIMEOUT_MS }, () => {
  const vitest = at('node_modules/vitest/vitest.mjs');
  const result = run([process.execPath, vitest, 'run', '--root', at('examples/vitest')]);
  expect(result).toMatchObject({ status: 0 });
});

/** A test program as another language would have it: all it knows is the kubeconfig's path. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';
const { clusters, users } = parse(readFileSync(process.env.KUBECONFIG, 'utf8'));
const decode = (text) => Buffer.from(text, 'base64');
const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
const { 'client-certificate-data': cert, 'client-key-data': key } = users[0].user;
const identity = { ca: decode(ca), cert: decode(cert), key: decode(key) };
request(server + '/api/v1/namespaces/default', identity, (reply) => {
  let text = '';
  reply.on('data', (chunk) => (text += chunk));
  reply.on('end', () => {
    console.log(JSON.parse(text).metadata.name);
    process.exit(7);
  });
}).end();
`;

test('examples/any-language.sh', { timeout: TIMEOUT_MS }, () => {
  const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tmp.'));
  const before = leftovers();
  const program = [process.execPath, '--input-type=module', '-e', PROGRAM];
  const result = run([at('examples/any-language.sh'), ...program]);
  expect(result).toMatchObject({ status: 7, stdout: 'default\n' });
  expect(leftovers().filter((name) => !before.includes(name))).toEqual([]);
});

const hasPythonClient = run(['/usr/bin/python3', '-c', 'import kubernetes']).status === 0;
if (!hasPythonClient) process.stderr.write('skipped: Python has no Kubernetes client\n');

test.skipIf(!hasPythonClient)('examples/operator_test.py', { timeout: TIMEOUT_MS }, () => {
  const program = ['/usr/bin/python3', at('examples/operator_test.py')];
  expect(run([at('examples/any-language.sh'), ...program])).toMatchObject({ status: 0 });
});

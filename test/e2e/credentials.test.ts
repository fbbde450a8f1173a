// Credentials that the cluster gives away, used with the real kubectl: certificates for requests
// that were approved, tokens kept in Secrets; and what the audit log makes of it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signingRequest } from '../../src/api/certificates/signing-request.fixture.ts';
import { pod, shell, WAIT_FOR_TERM } from './manifests.ts';
import { describeWithKubectl, describeWithPods, TestServer } from './server.ts';
import { until } from './until.ts';

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Request, resources: [{group: certificates.k8s.io, resources: ["*"]}]}
- {level: None}
`;

describeWithKubectl('credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ordinal-credentials-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const auditLog = join(folder, 'audit.log');
  const policy = file('policy.yaml', POLICY);
  const audit = ['--audit-log', auditLog, '--audit-policy-file', policy];
  const server = new TestServer('--nodes', '0', ...audit);
  /** kubectl with nothing but the given credentials. */
  const as = (credentials: readonly string[], ...args: string[]) => {
    const own = ['--kubeconfig', '/dev/null', '--server', server.ready.server, ...credentials];
    return server.run([...own, '--insecure-skip-tls-verify', ...args]);
  };

  beforeAll(() => server.start());
  afterAll(async () => {
    await server.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  test('API-709, API-1102: an approved request becomes a certificate that is known', async () => {
    const { request, key } = signingRequest({ commonName: 'jane', organizations: ['team'] });
    await server.apply({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane' },
      spec: {
        request,
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        expirationSeconds: 3600,
      },
    });
    expect(await server.kubectl('get', 'csr')).toMatch(/jane .* kubernetes-admin .* Pending/);
    await server.kubectl('certificate', 'approve', 'jane');
    const issued = () => server.field('csr/jane', '{.status.certificate}');
    await until('the certificate', async () => (await issued()) !== '');
    const certificate = Buffer.from(await issued(), 'base64').toString();
    const credentials = [
      `--client-certificate=${file('jane.crt', certificate)}`,
      `--client-key=${file('jane.key', key)}`,
    ];
    const { stdout } = await as(credentials, 'auth', 'whoami');
    expect(stdout).toMatch(/Username +jane\n/);
    expect(stdout).toMatch(/Groups +\[team system:authenticated\]/);
    expect((await as(credentials, 'get', 'pods')).stderr).toContain('User "jane" cannot list');
  });

  test('API-117: the policy decides what is in the audit log', async () => {
    const events = () =>
      readFileSync(auditLog, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await until('two events', () => Promise.resolve(events().length >= 2));
    expect(new Set(events().map(({ level }) => level))).toEqual(new Set(['Request']));
    expect(events().find(({ verb }) => verb === 'create')).toMatchObject({
      requestObject: { kind: 'CertificateSigningRequest', metadata: { name: 'jane' } },
    });
  });

  test('API-1102: a Secret holds a token of its account', async () => {
    await server.kubectl('create', 'serviceaccount', 'robot');
    await server.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'lasting', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
      type: 'kubernetes.io/service-account-token',
    });
    const held = () => server.field('secret/lasting', '{.data.token}');
    await until('the token', async () => (await held()) !== '');
    const token = Buffer.from(await held(), 'base64').toString();
    const whoami = await as(['--token', token], 'auth', 'whoami');
    expect(whoami.stdout).toMatch(/Username +system:serviceaccount:default:robot\n/);
    await server.kubectl('delete', 'secret', 'lasting');
    expect((await as(['--token', token], 'auth', 'whoami')).stderr).toContain('Unauthorized');
  });
});

describeWithPods('the agent of a node', () => {
  const server = new TestServer();
  beforeAll(() => server.start());
  afterAll(() => server.dispose());

  test('API-708, API-1105: answers through the server, and has no rights but its own', async () => {
    await server.apply(pod('web', shell(WAIT_FOR_TERM)));
    await server.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=30s');
    const proxy = '/api/v1/nodes/ordinal-0/proxy';
    expect(await server.kubectl('get', '--raw', `${proxy}/healthz`)).toBe('ok');
    const summary = await server.kubectl('get', '--raw', `${proxy}/stats/summary`);
    expect(JSON.parse(summary)).toMatchObject({
      pods: [{ podRef: { name: 'web', namespace: 'default' } }],
    });
    const agent = ['--as', 'system:node:ordinal-0', '--as-group', 'system:nodes'];
    expect(await server.kubectl('get', 'pod', 'web', '-o', 'name', ...agent)).toBe('pod/web\n');
    const secrets = await server.run(['get', 'secrets', ...agent]);
    expect(secrets.stderr).toContain('cannot list resource "secrets"');
  });

  test('API-1105: who may view may see what pods use', async () => {
    await server.kubectl('create', 'clusterrolebinding', 'v', '--clusterrole=view', '--user=ann');
    const may = ['auth', 'can-i', 'list', 'pods.metrics.k8s.io', '--as', 'ann'];
    expect(await server.kubectl(...may)).toBe('yes\n');
    expect((await server.run([...may.slice(0, -1), 'joe'])).stdout).toBe('no\n');
  });
});

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import { ensureCertificates, SERVER_NAMES } from './certificates.ts';
import { kubeconfigText } from './kubeconfig-file.ts';
import { seededRandom } from '../base/random.ts';
import { createServiceAccountTokenIssuer, serviceAccountUser } from './service-account-tokens.ts';
import { memoryFiles } from './testing/edge-server.ts';

const DAY_MS = 86_400_000;

describe('certificates', () => {
  it('API-1101: are made once, with every name of the server', async () => {
    const files = memoryFiles();
    const clock = new ManualClock();
    const made = await ensureCertificates({ files, clock, names: ['myhost', '192.0.2.7'] });
    const server = new X509Certificate(made.serverCertificate);
    const ca = new X509Certificate(made.ca);
    expect(server.verify(ca.publicKey)).toBe(true);
    for (const name of [...SERVER_NAMES, 'myhost', '192.0.2.7']) {
      const found = isIP(name) ? server.checkIP(name) : server.checkHost(name);
      expect(found, name).toBe(name);
    }
    const admin = new X509Certificate(made.adminCertificate);
    expect(admin.subject.split('\n')).toEqual(['O=system:masters', 'CN=kubernetes-admin']);
    expect(await ensureCertificates({ files, clock, names: ['myhost'] })).toEqual(made);
  });

  it('are renewed for new names and near their end, under the same CA', async () => {
    const files = memoryFiles();
    const clock = new ManualClock();
    const first = await ensureCertificates({ files, clock, names: [] });
    const named = await ensureCertificates({ files, clock, names: ['new-name'] });
    expect(named.ca).toBe(first.ca);
    expect(named.serverCertificate).not.toBe(first.serverCertificate);
    expect(named.adminToken).toBe(first.adminToken);
    clock.advance(10 * 365 * DAY_MS - 10 * DAY_MS);
    const renewed = await ensureCertificates({ files, clock, names: ['new-name'] });
    expect(renewed.ca).not.toBe(first.ca);
    const ca = new X509Certificate(renewed.ca);
    expect(new X509Certificate(renewed.adminCertificate).verify(ca.publicKey)).toBe(true);
  });

  it('survive damaged files', async () => {
    const files = memoryFiles();
    const clock = new ManualClock();
    await ensureCertificates({ files, clock, names: [] });
    await files.write('apiserver.crt', 'damaged', 0o644);
    const { serverCertificate } = await ensureCertificates({ files, clock, names: [] });
    expect(serverCertificate).toContain('BEGIN CERTIFICATE');
  });

  it('the kubeconfig names cluster, user and context `ordinal`', () => {
    const text = kubeconfigText({
      server: 'https://127.0.0.1:6443',
      ca: 'CA',
      certificate: 'CERT',
      key: 'KEY',
      token: 'secret',
    });
    expect(text.match(/name: ordinal$/gm)).toHaveLength(3);
    expect(text).toContain('current-context: ordinal\n');
    expect(text).toContain('certificate-authority-data: Q0E=\n');
  });
});

describe('service account tokens', async () => {
  const files = memoryFiles();
  const clock = new ManualClock();
  const { serviceAccountKey: key } = await ensureCertificates({ files, clock, names: [] });
  const random = seededRandom(1);
  const issuer = createServiceAccountTokenIssuer({ key, issuer: 'https://issuer', clock, random });
  const request = {
    namespace: 'ns',
    serviceAccount: { name: 'robot', uid: 'u1' },
    audiences: [],
    expirationSeconds: 600,
    pod: { name: 'web-0', uid: 'p1' },
  };

  it('API-1102: carry the account and its pod', () => {
    const { token, expiresMs } = issuer.issue(request);
    expect(expiresMs).toBe(clock.now() + 600_000);
    const verified = issuer.verify(token);
    if ('error' in verified) throw new Error(verified.error);
    expect(verified.audiences).toEqual(['https://issuer']);
    const { claims } = verified;
    expect(claims).toMatchObject({
      namespace: 'ns',
      serviceAccount: { name: 'robot', uid: 'u1' },
      pod: { name: 'web-0', uid: 'p1' },
    });
    expect(serviceAccountUser(claims)).toEqual({
      name: 'system:serviceaccount:ns:robot',
      uid: 'u1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
      extra: {
        'authentication.kubernetes.io/credential-id': [
          expect.stringMatching(/^JTI=[-0-9a-f]{36}$/),
        ],
        'authentication.kubernetes.io/pod-name': ['web-0'],
        'authentication.kubernetes.io/pod-uid': ['p1'],
      },
    });
  });

  it('API-1108: tokens projected into pods live on for clients that read them only once', () => {
    const { token, expiresMs } = issuer.issue({ ...request, expirationSeconds: 3607 });
    expect(expiresMs).toBe(clock.now() + 3_607_000);
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number;
      iat: number;
      'kubernetes.io': { warnafter: number };
    };
    expect(payload.exp - payload.iat).toBe(365 * 24 * 3600);
    expect(payload['kubernetes.io'].warnafter - payload.iat).toBe(3607);
  });

  it('API-1102: are refused when late, changed, or meant for others', () => {
    const { token } = issuer.issue(request);
    const [head, body, signature] = token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: 1e12 })).toString('base64url');
    const foreign = { error: '' };
    expect(issuer.verify(`${head}.${forged}.${signature}`)).toEqual(foreign);
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(issuer.verify(`${none}.${body}.`)).toEqual(foreign);
    const damaged = [`${head}.${body}.`, `${head}.${body}.AA`, `${head}.${body}.${signature}AAAA`];
    for (const text of ['', 'a.b.c', 'nonsense', 'bnVsbA.bnVsbA.', `${token}.x`, ...damaged]) {
      expect(issuer.verify(text)).toEqual(foreign);
    }
    const other = issuer.issue({ ...request, audiences: ['vault'] }).token;
    const error =
      'token audiences ["vault"] is invalid for the target audiences ["https://issuer"]';
    expect(issuer.verify(other)).toEqual({ error });
    expect(issuer.verify(other, ['vault', 'x'])).toMatchObject({ audiences: ['vault'] });
    clock.advance(601_000);
    expect(issuer.verify(token)).toEqual({ error: 'service account token has expired' });
  });
});

// From a signing request to a certificate that the API server takes: rights, verdict, signature.
import { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateSigningRequest } from '../../src/api/generated/types.ts';
import { signingRequest } from '../../src/api/certificates/signing-request.fixture.ts';
import type { StatusError } from '../../src/api/meta/status-error.ts';
import { certificateSigningRequests } from '../../src/api/other-resources.ts';
import { selfSubjectReviews } from '../../src/api/resources.ts';
import { startControlPlane, type ControlPlane } from '../../src/testing.ts';

const CLIENT = 'kubernetes.io/kube-apiserver-client';
const KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet';
const usages = ['digital signature', 'client auth'];
let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ controllers: '*' });
});
afterAll(() => plane.stop());

function ask(name: string, spec: Partial<CertificateSigningRequest['spec']>) {
  const whole = { signerName: CLIENT, usages, request: '', ...spec };
  return plane.client.resource(certificateSigningRequests).create({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: whole,
  });
}

const get = (name: string) => plane.client.resource(certificateSigningRequests).get({ name });

async function approve(name: string) {
  const conditions = [{ type: 'Approved', status: 'True', reason: 'ByTest', message: 'yes' }];
  await plane.client
    .resource(certificateSigningRequests)
    .patch({ name, subresource: 'approval' }, { type: 'merge', body: { status: { conditions } } });
}

async function issued(name: string): Promise<string> {
  const look = async () => (await get(name)).status?.certificate;
  await expect.poll(look, { timeout: 10_000 }).toBeTruthy();
  return Buffer.from((await look()) ?? '', 'base64').toString();
}

/** Whom the server takes the holder of a certificate for. */
function whoIs(cert: string, key: string): Promise<unknown> {
  const url = new URL('/apis/authentication.k8s.io/v1/selfsubjectreviews', plane.server);
  const headers = { 'content-type': 'application/json' };
  const options = { method: 'POST', cert, key, headers, rejectUnauthorized: false, agent: false };
  const { kind } = selfSubjectReviews;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, options, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (part: string) => (text += part));
      reply.on('end', () => resolve(JSON.parse(text)));
    });
    request.on('error', reject);
    request.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind }));
  });
}

describe('a client certificate', () => {
  it('API-709, API-1102: is issued after approval, and its holder is known by it', async () => {
    const { request, key } = signingRequest({ commonName: 'jane', organizations: ['team'] });
    // As the documents have it: without usages of the key.
    await ask('jane', { request, usages: ['client auth'], expirationSeconds: 3600 });
    await approve('jane');
    const pem = await issued('jane');
    const certificate = new X509Certificate(pem);
    expect(certificate.subject.split('\n')).toEqual(['O=team', 'CN=jane']);
    const lifeMs = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    expect(lifeMs).toBe(3600_000 + 300_000);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(await whoIs(pem, key)).toMatchObject({
      status: { userInfo: { username: 'jane', groups: ['team', 'system:authenticated'] } },
    });
  });

  it('API-709: whose usages the signer refuses fails, with the reason', async () => {
    const { request } = signingRequest({ commonName: 'x' });
    await ask('server', { request, usages: ['server auth'] });
    await approve('server');
    const look = async () => (await get('server')).status?.conditions?.at(-1);
    await expect.poll(look, { timeout: 10_000 }).toMatchObject({
      type: 'Failed',
      reason: 'SignerValidationFailure',
      message: 'invalid usage for client certificate: server auth',
    });
  });

  it('API-709: of the administrators is not to be had', async () => {
    const { request } = signingRequest({ commonName: 'x', organizations: ['system:masters'] });
    const refused = await ask('masters', { request }).catch((error: unknown) => error);
    expect((refused as StatusError).code).toBe(403);
    expect((refused as StatusError).message).toContain(
      `use of ${CLIENT} signer with system:masters group is not allowed`,
    );
  });
});

describe('a node agent’s certificate', () => {
  const { request } = signingRequest({
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
  });

  it('API-709: is approved by itself for users with the right to it', async () => {
    await ask('node', { request, signerName: KUBELET });
    const conditions = async () => (await get('node')).status?.conditions;
    await expect
      .poll(conditions, { timeout: 10_000 })
      .toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }]);
    expect(new X509Certificate(await issued('node')).subject).toContain('CN=system:node:n1');
  });
});

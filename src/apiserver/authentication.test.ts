import { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import type { UserInfo } from './api-request.ts';
import {
  ANONYMOUS,
  createAuthenticator,
  createTokenReviewer,
  type Credentials,
} from './authentication.ts';
import { issueClient, makeAuthority } from './certificate-authority.ts';
import type { KeyedCertificate } from './certificates.ts';

const root: UserInfo = { name: 'root', uid: '', groups: ['system:masters'] };
const robot: UserInfo = { name: 'robot', uid: 'u1', groups: ['robots'] };
const reviewToken = createTokenReviewer({
  tokens: new Map([['fixed', root]]),
  audiences: ['api'],
  reviewToken: (token, audiences = ['api']) =>
    token === 'issued' ? { user: robot, audiences } : { error: token === 'old' ? 'expired' : '' },
});
const clock = new ManualClock();
const authenticate = createAuthenticator({ reviewToken, clock });

/** A TLS connection with a client certificate. */
function socketOf(subject: object, authorized = true): Credentials['socket'] {
  const validTo = new Date(clock.now() + 60_000).toUTCString();
  const certificate = { subject, fingerprint256: 'AB:CD', valid_to: validTo };
  return { authorized, getPeerCertificate: () => certificate } as Credentials['socket'];
}

const as = (headers: IncomingHttpHeaders, socket?: Credentials['socket']) =>
  authenticate({ headers, socket });

describe('requests', () => {
  it('API-1102: a certificate gives user, groups and the credential’s id', async () => {
    expect(await as({}, socketOf({ CN: 'jane', O: ['a', 'b'] }))).toEqual({
      name: 'jane',
      uid: '',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=abcd'] },
    });
  });

  it('API-1102: a certificate of another authority is no good, a token beside it is', async () => {
    const foreign = socketOf({ CN: 'jane' }, false);
    await expect(as({}, foreign)).rejects.toMatchObject({ code: 401 });
    expect((await as({ authorization: 'Bearer fixed' }, foreign)).name).toBe('root');
  });

  it('API-1102: a certificate that ends is no good any more, on the same connection', async () => {
    const socket = socketOf({ CN: 'jane' });
    expect((await as({}, socket)).name).toBe('jane');
    clock.advance(61_000);
    await expect(as({}, socket)).rejects.toMatchObject({ code: 401 });
    expect((await as({ authorization: 'Bearer fixed' }, socket)).name).toBe('root');
  });

  it('API-1102: tokens come in a header, or as a protocol of a WebSocket', async () => {
    expect((await as({ authorization: 'bearer issued' })).groups).toContain('system:authenticated');
    const encoded = Buffer.from('issued').toString('base64url');
    const protocol = `base64url.bearer.authorization.k8s.io.${encoded}`;
    const headers = { 'sec-websocket-protocol': `v5.channel.k8s.io, ${protocol}` };
    expect((await as(headers)).name).toBe('robot');
    await expect(as({ authorization: 'Bearer unknown' })).rejects.toMatchObject({ code: 401 });
  });

  it('API-1102: without credentials, or with those of another kind, one is anonymous', async () => {
    expect(await as({})).toBe(ANONYMOUS);
    expect(await as({ authorization: 'Basic YTpi' })).toBe(ANONYMOUS);
  });
});

describe('a proxy in front of the server', () => {
  const nowMs = clock.now();
  const proxyCa = makeAuthority(nowMs, 'proxies');
  const clientCa = makeAuthority(nowMs, 'clients');
  const frontProxy = { ca: proxyCa.certificate, names: ['front'] };
  const ask = createAuthenticator({ reviewToken, clock, frontProxy });
  /** A connection whose certificate one of the authorities has signed. */
  const socketBy = (ca: KeyedCertificate, user: string) => {
    const { certificate } = issueClient(ca, { user, groups: ['system:masters'], nowMs });
    const { raw, validTo } = new X509Certificate(certificate);
    const subject = { CN: user, O: 'system:masters' };
    const peer = { subject, fingerprint256: 'AB', raw, valid_to: validTo };
    return { authorized: true, getPeerCertificate: () => peer } as unknown as Credentials['socket'];
  };
  const headers = {
    'x-remote-user': 'jane',
    'x-remote-uid': 'u1',
    'x-remote-group': 'a, b',
    'x-remote-extra-example.com%2fscope': 'x',
  };

  it('API-1102: says for whom it asks', async () => {
    expect(await ask({ headers, socket: socketBy(proxyCa, 'front') })).toEqual({
      name: 'jane',
      uid: 'u1',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'example.com/scope': ['x'] },
    });
  });

  it('API-1102: is nobody itself, and others are not believed', async () => {
    const refused = { code: 401 };
    const silent = { headers: {}, socket: socketBy(proxyCa, 'front') };
    await expect(ask(silent)).rejects.toMatchObject(refused);
    const stranger = { headers, socket: socketBy(proxyCa, 'stranger') };
    await expect(ask(stranger)).rejects.toMatchObject(refused);
    expect((await ask({ headers, socket: socketBy(clientCa, 'front') })).name).toBe('front');
    expect(await ask({ headers, socket: undefined })).toBe(ANONYMOUS);
  });
});

describe('token reviews', () => {
  it('API-1106: fixed tokens are for the API server only', () => {
    expect(reviewToken('fixed')).toMatchObject({ audiences: ['api'] });
    expect(reviewToken('fixed', ['api', 'x'])).toMatchObject({ audiences: ['api'] });
    expect(reviewToken('fixed', ['x'])).toEqual({ error: 'invalid bearer token' });
  });

  it('API-1106: say what is wrong with a token', () => {
    expect(reviewToken('unknown')).toEqual({ error: 'invalid bearer token' });
    expect(reviewToken('old')).toEqual({ error: '[invalid bearer token, expired]' });
  });
});

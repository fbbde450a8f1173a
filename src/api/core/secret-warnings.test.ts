import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { create } from '../kind-rules.fixture.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const block = (type: string) => `-----BEGIN ${type}-----\nAAAA\n-----END ${type}-----\n`;

it.each([
  ['x', 'x', 'failed to find any PEM data in certificate input'],
  [
    key,
    'x',
    'failed to find certificate PEM data in certificate input, but did find a private key; ' +
      'PEM inputs may have been switched',
  ],
  [
    block('X') + block('Y'),
    'x',
    'failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the ' +
      'following types: [X Y]',
  ],
  [block('CERTIFICATE'), 'x', 'failed to find any PEM data in key input'],
  [
    block('CERTIFICATE'),
    block('CERTIFICATE'),
    'found a certificate rather than a key in the PEM for the private key',
  ],
])('API-314: a certificate %j with a key %j', (certificate, own, fault) => {
  const stringData = { 'tls.crt': certificate, 'tls.key': own };
  const { errors, warnings } = create('secrets', { type: 'kubernetes.io/tls', stringData });
  expect(errors).toEqual([]);
  expect(warnings).toEqual([`tls: ${fault}`]);
});

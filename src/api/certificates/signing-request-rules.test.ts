import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest } from '../generated/types.ts';
import { create, NOW, ruleContext, update } from '../kind-rules.fixture.ts';
import { parseCertificateRequest } from './certificate-request.ts';
import { signingApprovalRules } from './signing-request-rules.ts';
import { requestText, signingRequest } from './signing-request.fixture.ts';

const RESOURCE = 'certificatesigningrequests.certificates.k8s.io';
const { request } = signingRequest({ commonName: 'jane', organizations: ['team'] });
const body = (spec: object = {}) => ({
  spec: { request, signerName: 'example.com/signer', usages: ['client auth'], ...spec },
});
const errors = (spec: object) => create(RESOURCE, body(spec)).errors;

describe('a certificate request', () => {
  it.each(['ec', 'rsa', 'ed25519'] as const)(
    'is read, and its signature checked (%s)',
    (keyType) => {
      const names = ['dns:a.example', 'email:a@example', 'uri:x://y'] as const;
      const made = signingRequest({
        commonName: 'jane',
        organizations: ['a', 'b'],
        names,
        keyType,
      });
      const read = parseCertificateRequest(made.request);
      expect(read).toMatchObject({
        commonName: 'jane',
        organizations: ['a', 'b'],
        dnsNames: ['a.example'],
        emailAddresses: ['a@example'],
        uris: ['x://y'],
        ipAddresses: [],
      });
      expect(read.signatureProblem()).toBeUndefined();
      const forged = signingRequest({ commonName: 'jane', keyType, forged: true });
      expect(parseCertificateRequest(forged.request).signatureProblem()).toMatch(/verification/);
    },
  );

  it('that is cut off anywhere is refused', () => {
    const pem = Buffer.from(request, 'base64').toString();
    const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
    expect(requestText(der)).toBe(request);
    for (let length = 0; length < der.length; length++) {
      expect(() => parseCertificateRequest(requestText(der.subarray(0, length)))).toThrow();
    }
  });
});

it('a certificate request with any byte changed is read or refused, never more', () => {
  const pem = Buffer.from(request, 'base64').toString();
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  for (let index = 0; index < der.length; index++) {
    for (const byte of [0x00, 0x80, 0xff, (der[index] ?? 0) ^ 1]) {
      const changed = Buffer.from(der);
      changed[index] = byte;
      const errors = create(RESOURCE, body({ request: requestText(changed) })).errors;
      expect(errors.length).toBeLessThanOrEqual(1);
    }
  }
});

describe('CertificateSigningRequest', () => {
  it('API-709: tells who asked, whatever the body says', () => {
    const requestor = { name: 'joe', uid: 'u1', groups: ['g'], extra: { k: ['v'] } };
    const context = { ...ruleContext(), requestor };
    const asked = body({ username: 'root', groups: ['system:masters'], uid: 'x' });
    const made = create<CertificateSigningRequest>(RESOURCE, asked, context);
    expect(made.errors).toEqual([]);
    expect(made.object.spec).toMatchObject({
      username: 'joe',
      uid: 'u1',
      groups: ['g'],
      extra: { k: ['v'] },
    });
  });

  it('API-709: says what is wrong with the request, its usages, signer and duration', () => {
    expect(errors({ request: 'YQ==' })).toEqual([
      'spec.request: Invalid value: "YQ==": PEM block type must be CERTIFICATE REQUEST',
    ]);
    expect(errors({ usages: [] })).toEqual(['spec.usages: Required value']);
    expect(errors({ usages: ['client auth', 'x', 'client auth'] })).toEqual([
      expect.stringMatching(/^spec.usages\[1\]: Unsupported value: "x": supported values: "any"/),
      'spec.usages[2]: Duplicate value: "client auth"',
    ]);
    expect(errors({ signerName: 'no-path' })).toEqual([
      'spec.signerName: Invalid value: "no-path": must be a fully qualified domain and path ' +
        "of the form 'example.com/signer-name'",
    ]);
    expect(errors({ signerName: 'plain/name' })).toEqual([
      'spec.signerName: Invalid value: "plain": ' +
        'should be a domain with at least two segments separated by dots',
    ]);
    expect(errors({ signerName: 'kubernetes.io/legacy-unknown' })).toEqual([
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": ' +
        'the legacy signerName is not allowed via this API version',
    ]);
    expect(errors({ expirationSeconds: 599 })).toEqual([
      'spec.expirationSeconds: Invalid value: 599: ' +
        'may not specify a duration less than 600 seconds (10 minutes)',
    ]);
  });

  it('API-709: keeps its spec and status when it is updated', () => {
    const changed = update<CertificateSigningRequest>(RESOURCE, body(), (object) => {
      object.spec.usages = ['any'];
      object.status = { certificate: 'YQ==' };
    });
    expect(changed.errors).toEqual([]);
    expect(changed.object.spec.usages).toEqual(['client auth']);
    expect(changed.object.status).toEqual({});
  });

  it('API-709: takes certificates by /status only, verdicts by /approval only', () => {
    const status = (change: (object: CertificateSigningRequest) => void) =>
      update<CertificateSigningRequest>(RESOURCE, body(), change, { subresource: 'status' });
    const verdict = { type: 'Approved', status: 'True' };
    expect(
      status((object) => {
        object.status = { conditions: [verdict] };
      }).errors,
    ).toEqual(['status.conditions: Forbidden: updates may not add a condition of type "Approved"']);
    const failed = status((object) => {
      object.status = { conditions: [{ type: 'Failed', status: 'True' }] };
    });
    expect(failed.errors).toEqual([]);
    expect(failed.object.status?.conditions?.[0]).toMatchObject({ lastUpdateTime: NOW });
    expect(
      status((object) => {
        object.status = { certificate: Buffer.from('x').toString('base64') };
      }).errors,
    ).toEqual([
      'status.certificate: Invalid value: "<certificate data>": ' +
        'must contain at least one CERTIFICATE PEM block',
    ]);
  });

  it('API-709: is approved or denied, not both, and that stays', () => {
    const context = ruleContext();
    const stored = create<CertificateSigningRequest>(RESOURCE, body()).object;
    stored.metadata.resourceVersion = '1';
    const decide = (old: CertificateSigningRequest, ...types: string[]) => {
      const object = structuredClone(old);
      object.status = {
        certificate: 'YQ==',
        conditions: types.map((type) => ({ type, status: 'True' })),
      };
      signingApprovalRules.prepareForStatusUpdate(object, old, context);
      const causes = signingApprovalRules.validateStatusUpdate(object, old, context);
      return { object, messages: causes.map(({ message }) => message) };
    };
    const approved = decide(stored, 'Approved');
    expect(approved.messages).toEqual([]);
    expect(approved.object.status).toEqual({
      conditions: [
        { type: 'Approved', status: 'True', lastUpdateTime: NOW, lastTransitionTime: NOW },
      ],
    });
    expect(decide(stored, 'Approved', 'Denied').messages).toEqual([
      'Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]);
    expect(decide(approved.object).messages).toEqual([
      'Forbidden: updates may not remove a condition of type "Approved"',
    ]);
  });
});

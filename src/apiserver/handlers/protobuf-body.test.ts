import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ConfigMap, Pod, Status } from '../../api/generated/types.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const NS = '/api/v1/namespaces/default';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});

function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = field(1, Buffer.concat([field(1, apiVersion), field(2, kind)]));
  return Buffer.concat([Buffer.from('k8s\0'), typeMeta, field(2, raw)]);
}

function configMap(name: string, value: string): Buffer {
  const data = field(2, Buffer.concat([field(1, 'a'), field(2, value)]));
  return Buffer.concat([field(1, field(1, name)), data]);
}

const send = <T>(line: string, body: Buffer) => api.call<T>(line, { body, contentType: PROTOBUF });

describe('protobuf bodies', () => {
  it('API-1205: create and replace', async () => {
    const body = envelope('v1', 'ConfigMap', configMap('cm', '1'));
    const created = await send<ConfigMap>(`POST ${NS}/configmaps`, body);
    expect(created).toMatchObject({ code: 201, body: { kind: 'ConfigMap', data: { a: '1' } } });
    const other = envelope('v1', 'ConfigMap', configMap('cm', '2'));
    const replaced = await send<ConfigMap>(`PUT ${NS}/configmaps/cm`, other);
    expect(replaced).toMatchObject({ code: 200, body: { data: { a: '2' } } });
    // Without a type the path says what it is.
    const bare = envelope('', '', configMap('bare', '3'));
    expect((await send(`POST ${NS}/configmaps`, bare)).code).toBe(201);
  });

  it('API-1205, API-901: the options of a delete', async () => {
    const spec = { containers: [{ name: 'c', image: 'i' }], nodeName: 'n' };
    await api.ok(`POST ${NS}/pods`, { metadata: { name: 'p' }, spec });
    const wrong = field(2, field(1, 'not-its-uid'));
    const refused = await send(`DELETE ${NS}/pods/p`, envelope('v1', 'DeleteOptions', wrong));
    expect(refused.code).toBe(409);
    const grace = Buffer.from([0x08, 7]);
    const reply = await send<Pod>(`DELETE ${NS}/pods/p`, envelope('v1', 'DeleteOptions', grace));
    expect(reply).toMatchObject({
      code: 200,
      body: { metadata: { deletionGracePeriodSeconds: 7 } },
    });
  });

  it('API-1206: what is no protobuf body', async () => {
    const line = `POST ${NS}/configmaps`;
    const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): ';
    const message = async (body: Buffer) => {
      const reply = await send<Status>(line, body);
      expect(reply.code).toBe(400);
      return reply.body.message;
    };
    expect(await message(Buffer.from('k8s\0\xff\xff', 'latin1'))).toBe(
      `${unrecognized}unexpected EOF (6b387300ffff)`,
    );
    expect(await message(Buffer.from('{"a":1}'))).toContain('expected prefix [107 56 115 0]');
    expect(await message(Buffer.from('k8s\0'))).toBe(`${unrecognized}empty body (6b387300)`);
    expect(await message(envelope('v1', 'ConfigMap', Buffer.from([0x0a, 0x09])))).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF',
    );
    expect(await message(envelope('v1', 'ConfigMap', Buffer.from([0x08, 0x01])))).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: ' +
        'proto: wrong wireType = 0 for field Metadata',
    );
    expect(await message(envelope('v1', 'Nothing', Buffer.alloc(0)))).toContain(
      'no kind "Nothing" is registered for version "v1"',
    );
  });

  it('API-323: a patch is never protobuf', async () => {
    const body = envelope('v1', 'ConfigMap', configMap('cm', '3'));
    expect((await send(`PATCH ${NS}/configmaps/cm`, body)).code).toBe(415);
  });

  it('issue 4: whatever comes, the answer is an object or a Status', async () => {
    const original = envelope('v1', 'ConfigMap', configMap('f', '1'));
    const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
    const property = fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.nat(original.length),
      fc.constantFrom('configmaps', 'pods', 'secrets', 'events'),
      async (changes, length, resource) => {
        const body = Buffer.from(original);
        for (const [at, value] of changes) body[at] = value;
        const line = `POST ${NS}/${resource}?dryRun=All`;
        const reply = await send<Status>(line, body.subarray(0, length));
        expect([201, 400, 409, 422]).toContain(reply.code);
        if (reply.code > 201) expect(reply.body.kind).toBe('Status');
      },
    );
    await fc.assert(property, { numRuns: 2_000 });
  });
});

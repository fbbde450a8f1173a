// Conversion by a webhook that really listens: on HTTPS, with a certificate of its own.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../api/meta/object.ts';
import { systemClock } from '../../base/clock.ts';
import { ensureCertificates } from '../certificates.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { DEFINITIONS, version, widget, widgets, WIDGETS } from './definitions.fixture.ts';
import type { Widget } from './definitions.fixture.ts';

interface Review {
  readonly request: {
    readonly uid: string;
    readonly desiredAPIVersion: string;
    readonly objects: Widget[];
  };
}

let api: TestApi;
let server: Server;
let refusal: string | undefined;
let asked = 0;

/** v1 has `spec.size`, v2 has `spec.count`. */
function convert(object: Widget, apiVersion: string): Widget {
  const { size, count, ...rest } = object.spec ?? {};
  const value = size ?? count;
  const spec = { ...rest, [apiVersion.endsWith('v1') ? 'size' : 'count']: value } as JsonObject;
  return { ...object, apiVersion, spec };
}

function answer({ request: { uid, desiredAPIVersion, objects } }: Review): object {
  asked += 1;
  const result =
    refusal === undefined ? { status: 'Success' } : { status: 'Failed', message: refusal };
  const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'ConversionReview',
    response: { uid, result, convertedObjects },
  };
}

beforeEach(async () => {
  refusal = undefined;
  asked = 0;
  const files = new Map<string, string>();
  const { ca, serverCertificate: cert, serverKey: key } = await testCertificates(files);
  server = createServer({ cert, key }, (request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
      reply.setHeader('content-type', 'application/json');
      reply.end(JSON.stringify(answer(review)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  api = await createTestApi();
  const caBundle = Buffer.from(ca).toString('base64');
  const clientConfig = { url: `https://127.0.0.1:${port}/convert`, caBundle };
  const webhook = { clientConfig, conversionReviewVersions: ['v1'] };
  const spec = (name: string) => ({ type: 'object', properties: { [name]: { type: 'integer' } } });
  const versions = [version(spec('size')), version(spec('count'), { name: 'v2', storage: false })];
  const conversion = { strategy: 'Webhook', webhook };
  await api.ok(`POST ${DEFINITIONS}`, widgets(versions, { conversion }));
});

afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

async function testCertificates(files: Map<string, string>) {
  return ensureCertificates({
    files: {
      read: (name) => Promise.resolve(files.get(name)),
      write: async (name, text) => void files.set(name, text),
    },
    clock: systemClock,
    names: [],
  });
}

const V2 = WIDGETS.replace('/v1/', '/v2/');

test('API-1008: objects are written and read in any version', async () => {
  const made = await api.ok<Widget>(`POST ${V2}`, widget('a', { count: 3 }, 'example.com/v2'));
  expect(made.spec).toEqual({ count: 3 });
  expect((await api.ok<Widget>(`GET ${WIDGETS}/a`)).spec).toEqual({ size: 3 });
  const changed = await api.ok<Widget>(`PATCH ${V2}/a`, { spec: { count: 4 } });
  expect([changed.spec, changed.metadata.generation]).toEqual([{ count: 4 }, 2]);
  await api.ok(`POST ${WIDGETS}`, widget('b', { size: 7 }));
  const { items } = await api.ok<{ items: Widget[] }>(`GET ${V2}`);
  expect(items.map(({ spec }) => spec)).toEqual([{ count: 4 }, { count: 7 }]);
  await api.ok(`DELETE ${V2}/b`);
  expect((await api.call(`GET ${WIDGETS}/b`)).code).toBe(404);
});

test('API-1008: what is stored in the version asked for needs no webhook', async () => {
  await api.ok(`POST ${WIDGETS}`, widget('a', { size: 3 }));
  await api.ok(`GET ${WIDGETS}/a`);
  expect(asked).toBe(0);
});

test('API-1008: watches show the version they asked for, in order', async () => {
  await api.ok(`POST ${WIDGETS}`, widget('a', { size: 1 }));
  const watch = await api.watch(`${V2}?watch=true`);
  await api.ok(`PATCH ${WIDGETS}/a`, { spec: { size: 2 } });
  await api.ok(`PATCH ${WIDGETS}/a`, { spec: { size: 3 } });
  await expect
    .poll(() => watch.events.map(({ object }) => (object as Widget).spec))
    .toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
  watch.stop();
});

test('API-1008: what the webhook refuses is an internal error with its words', async () => {
  await api.ok(`POST ${WIDGETS}`, widget('a', { size: 1 }));
  refusal = 'out of order';
  const { code, message } = await api.fails(`GET ${V2}/a`);
  expect([code, message]).toEqual([
    500,
    'Internal error occurred: conversion webhook for example.com/v1, Kind=Widget failed: out of order',
  ]);
});

// Turns the core's responses into bytes: objects, lists, watches and streams, in the form that was
// negotiated (API-105), with warnings (API-114).
import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream';
import type { Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { badRequest } from '../api/meta/status-error.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import type {
  ApiResponse,
  ListResponse,
  ObjectResponse,
  StreamResponse,
  WatchResponse,
} from './api-request.ts';
import { encodeList, listValue } from './list-encoding.ts';
import type { Representation } from './negotiation.ts';
import { notList, notSingle, partialMetadata, partialMetadataList } from './partial-metadata.ts';
import { send, sendEncoded, sendPieces, warningHeaders, type ReplyContext } from './reply.ts';
import { loadTables, parseIncludeObject, type TableRequest } from './table/table.ts';
import { writeWatch } from './watch-writer.ts';

export interface ResponseContext extends ReplyContext {
  readonly representation: Representation;
  readonly pretty: boolean;
  readonly query: URLSearchParams;
  readonly clock: Clock;
  /** Called with every watch and stream that goes on after the reply's head. */
  readonly onLongRunning: (running: { stop(): void }) => void;
}

/** True when the caller asks for indented JSON; command line tools and browsers get it unasked. */
export function wantsPretty(query: URLSearchParams, userAgent: string): boolean {
  const asked = query.get('pretty');
  if (asked !== null && asked !== '') return /^(1|t|true)$/i.test(asked);
  return /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}

/** Encodes a made-up value in the negotiated format. */
async function encodeValue(value: object, context: ResponseContext): Promise<string> {
  if (context.representation.format === 'yaml') {
    const { encodeYaml } = await import('./yaml-writer.ts');
    return encodeYaml(value);
  }
  return `${JSON.stringify(value, null, context.pretty ? 2 : undefined)}\n`;
}

async function sendValue(
  context: ResponseContext,
  { code, value, headers = {} }: { code: number; value: object; headers?: OutgoingHttpHeaders },
): Promise<void> {
  const type = `application/${context.representation.format}`;
  const body = await encodeValue(value, context);
  await send(context, code, { body, headers: { ...headers, 'content-type': type } });
}

/** True when stored bytes can go out as they are. */
function isPlainJson({ representation, pretty }: ResponseContext): boolean {
  return representation.format === 'json' && !representation.transform && !pretty;
}

function tableRequest(context: ResponseContext, version: string): Omit<TableRequest, 'resource'> {
  const includeObject = parseIncludeObject(context.query.get('includeObject'));
  return { version, includeObject, nowMs: context.clock.now(), headers: true, subresource: '' };
}

async function transformedObject(response: ObjectResponse, context: ResponseContext) {
  const { transform } = context.representation;
  const { resource, stored, subresource } = response;
  if (!transform || !resource) return stored.object;
  if (transform.kind === 'PartialObjectMetadataList') throw notList(resource);
  if (transform.kind === 'PartialObjectMetadata') {
    return partialMetadata(stored.object, transform.version);
  }
  const request = { ...tableRequest(context, transform.version), resource, subresource };
  const { resourceVersion } = stored.object.metadata;
  const table = await loadTables();
  return table([stored.object], { ...request, metadata: { resourceVersion } });
}

async function writeObject(response: ObjectResponse, context: ResponseContext): Promise<void> {
  const deprecation = deprecationOf(response.resource);
  const warnings = warningHeaders([...deprecation, ...response.warnings]);
  const headers: OutgoingHttpHeaders = warnings.length > 0 ? { Warning: warnings } : {};
  const { code, stored } = response;
  if (isPlainJson(context)) {
    return sendEncoded(context, code, { encoded: stored.encoded, headers });
  }
  await sendValue(context, { code, value: await transformedObject(response, context), headers });
}

async function transformedList(response: ListResponse, context: ResponseContext) {
  const { transform } = context.representation;
  const { resource, metadata } = response;
  if (!transform) return listValue(response);
  const objects = response.items.map(({ object }) => object);
  if (transform.kind === 'PartialObjectMetadata') throw notSingle(resource);
  if (transform.kind === 'PartialObjectMetadataList') {
    return partialMetadataList(objects, { metadata, version: transform.version });
  }
  const table = await loadTables();
  return table(objects, { ...tableRequest(context, transform.version), resource, metadata });
}

/** What is said of a version that is on its way out (API-114). */
function deprecationOf(resource: ResourceDefinition | undefined): string[] {
  const text = resource?.custom ? resource.custom.deprecation : resource?.deprecation;
  return text === undefined ? [] : [text];
}

async function writeList(response: ListResponse, context: ResponseContext): Promise<void> {
  const { resource, warnings: own = [] } = response;
  const warnings = warningHeaders([...deprecationOf(resource), ...own]);
  const headers: OutgoingHttpHeaders = warnings.length > 0 ? { Warning: warnings } : {};
  if (isPlainJson(context)) {
    const type = { 'content-type': 'application/json' };
    return sendPieces(context, encodeList(response), { ...headers, ...type });
  }
  const value = await transformedList(response, context);
  await sendValue(context, { code: 200, value, headers });
}

/** How a watch encodes its objects; Status objects of ERROR events keep their shape. */
async function watchEncoder(response: WatchResponse, context: ResponseContext) {
  const { transform } = context.representation;
  if (!transform) return (stored: { encoded: Buffer }) => stored.encoded;
  if (transform.kind !== 'Table') {
    return ({ object, encoded }: ObjectResponse['stored'], type: string) =>
      type === 'ERROR'
        ? encoded
        : Buffer.from(JSON.stringify(partialMetadata(object, transform.version)));
  }
  const table = await loadTables();
  const request = { ...tableRequest(context, transform.version), resource: response.resource };
  let headers = true;
  return ({ object, encoded }: ObjectResponse['stored'], type: string) => {
    if (type === 'ERROR') return encoded;
    const { resourceVersion } = object.metadata;
    const nowMs = context.clock.now();
    const value = table([object], { ...request, headers, nowMs, metadata: { resourceVersion } });
    headers = false;
    return Buffer.from(JSON.stringify(value));
  };
}

function writeStream(response: StreamResponse, context: ResponseContext): void {
  const { reply } = context;
  const { stream } = response;
  const type = response.contentType === '' ? {} : { 'content-type': response.contentType };
  reply.writeHead(response.code, {
    'cache-control': 'no-cache, private',
    ...response.headers,
    ...type,
  });
  reply.flushHeaders();
  context.onLongRunning({ stop: () => stream.destroy() });
  // A broken source ends the reply early; the caller sees that its stream was cut.
  pipeline(stream, reply as unknown as Writable, () => {});
}

/** Sends a response. Throws StatusError as long as nothing was sent. */
export async function writeResponse(
  response: ApiResponse,
  context: ResponseContext,
): Promise<void> {
  switch (response.kind) {
    case 'object':
      return writeObject(response, context);
    case 'list':
      return writeList(response, context);
    case 'watch': {
      const encode = await watchEncoder(response, context);
      const { reply, clock } = context;
      return context.onLongRunning(writeWatch(response, { reply, encode, clock }));
    }
    case 'stream':
      return writeStream(response, context);
    case 'plain': {
      const { contentType } = response;
      const type = contentType === '' ? {} : { 'content-type': contentType };
      const headers = { ...response.headers, ...type };
      return send(context, response.code, { body: response.body, headers });
    }
    case 'process':
    case 'portforward':
      throw badRequest('Upgrade request required');
  }
}

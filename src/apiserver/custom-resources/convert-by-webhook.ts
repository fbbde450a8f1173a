// Conversion of custom resources by a webhook (API-1008): a ConversionReview there, checked objects
// back. Labels and annotations are all of the metadata that a conversion may change.
import type { WebhookConversion } from '../../api/generated/types.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { internalError } from '../../api/meta/status-error.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { WebhookClient } from '../webhooks/webhook-client.ts';

/** Objects of one kind in another version, in order. Throws StatusError 500. */
export type ConvertObjects = (
  objects: readonly KubernetesObject[],
  apiVersion: string,
) => Promise<KubernetesObject[]>;

export interface ConversionOptions {
  readonly webhook: WebhookConversion;
  readonly client: WebhookClient;
  readonly random: Random;
}

const TIMEOUT_MS = 30_000;
/** Objects of one review. */
const OBJECTS_MAX = 500;
const GROUP = 'apiextensions.k8s.io';

/** A converter that asks the webhook. */
export function createWebhookConverter(options: ConversionOptions): ConvertObjects {
  return async (objects, apiVersion) => {
    const converted: KubernetesObject[] = [];
    for (let start = 0; start < objects.length; start += OBJECTS_MAX) {
      const some = objects.slice(start, start + OBJECTS_MAX);
      converted.push(...(await convertSome(options, some, apiVersion)));
    }
    return converted;
  };
}

async function convertSome(
  options: ConversionOptions,
  objects: readonly KubernetesObject[],
  apiVersion: string,
): Promise<KubernetesObject[]> {
  const [first] = objects;
  const what = `conversion webhook for ${first?.apiVersion ?? ''}, Kind=${first?.kind ?? ''}`;
  try {
    const converted = await ask(options, objects, apiVersion);
    if (converted.length !== objects.length) {
      const counts = `${converted.length} objects, expected ${objects.length}`;
      throw new ConversionError(`returned ${counts}`);
    }
    return objects.map((object, index) => checked(object, converted[index], { apiVersion, index }));
  } catch (error) {
    if (error instanceof ConversionError) throw internalError(`${what} ${error.message}`);
    throw internalError(`${what} failed: ${errorMessage(error)}`);
  }
}

/** The webhook answered, but not as it should. */
class ConversionError extends Error {
  override name = 'ConversionError';
}

async function ask(
  { webhook, client, random }: ConversionOptions,
  objects: readonly KubernetesObject[],
  desiredAPIVersion: string,
): Promise<Json[]> {
  const version = webhook.conversionReviewVersions.find((one) => ['v1', 'v1beta1'].includes(one));
  const apiVersion = `${GROUP}/${version ?? 'v1'}`;
  const uid = random.uuid();
  const request = { uid, desiredAPIVersion, objects };
  const review = { kind: 'ConversionReview', apiVersion, request };
  const config = webhook.clientConfig ?? {};
  const signal = new AbortController().signal;
  const answer = await client.call({ config, review, timeoutMs: TIMEOUT_MS, signal });
  const response = isJsonObject(answer) ? answer['response'] : undefined;
  if (!isJsonObject(response)) throw new Error('no response provided');
  const { uid: echoed, result, convertedObjects } = response;
  if (echoed !== uid) {
    const got = JSON.stringify(echoed ?? '');
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${got}`);
  }
  const { status, message } = isJsonObject(result) ? result : {};
  if (status !== 'Success') {
    const told = typeof message === 'string' && message !== '';
    const shown = typeof status === 'string' ? status : '';
    throw new Error(told ? message : `response.result.status was '${shown}', not 'Success'`);
  }
  return Array.isArray(convertedObjects) ? convertedObjects : [];
}

function checked(
  object: KubernetesObject,
  answer: Json | undefined,
  { apiVersion, index }: { apiVersion: string; index: number },
): KubernetesObject {
  const complain = (why: string): never => {
    throw new ConversionError(`returned invalid converted object at index ${index}: ${why}`);
  };
  if (!isJsonObject(answer)) return complain('it is no object');
  const { metadata: own } = answer;
  if (answer['apiVersion'] !== apiVersion) {
    const got = JSON.stringify(answer['apiVersion'] ?? '');
    return complain(`invalid groupVersion (expected ${apiVersion}, received ${got})`);
  }
  if (answer['kind'] !== object.kind) {
    const got = JSON.stringify(answer['kind'] ?? '');
    return complain(`invalid kind (expected ${object.kind}, received ${got})`);
  }
  if (!isJsonObject(own)) return complain('missing metadata in converted object');
  const { name, namespace, uid } = object.metadata;
  for (const [field, value] of Object.entries({ name, namespace, uid })) {
    if ((own[field] ?? '') === (value ?? '')) continue;
    const shown = field === 'uid' ? 'UID' : field;
    complain(`must have the same ${shown}: ${value ?? ''} != ${JSON.stringify(own[field] ?? '')}`);
  }
  const { labels, annotations } = own;
  const { labels: _labels, annotations: _annotations, ...kept } = object.metadata;
  const metadata = {
    ...kept,
    ...(isJsonObject(labels) ? { labels: labels as Record<string, string> } : {}),
    ...(isJsonObject(annotations) ? { annotations: annotations as Record<string, string> } : {}),
  };
  return { ...(answer as unknown as KubernetesObject), metadata };
}

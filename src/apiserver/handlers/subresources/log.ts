// The log of a container (API-720 … API-722), read from the agent of the pod's node.
import { fieldPath, forbidden, invalidValue } from '../../../api/meta/field-errors.ts';
import { TimeError, canonicalTime } from '../../../api/meta/time.ts';
import { badRequest, invalid } from '../../../api/meta/status-error.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import { parseTime } from '../../../base/time.ts';
import type { ApiResponse } from '../../api-request.ts';
import type { LogOptions } from '../../node-connection.ts';
import { isTrue } from '../../request-info.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { chooseContainer, nodeOf, podOf } from './pod-container.ts';

const SECOND_MS = 1000;

/**
 * Throws 400, 404, 422, and what the node agent throws. An unscheduled pod has an empty log: 204.
 */
export async function handleLog(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const { query } = target.request;
  const pod = podOf(context, target);
  const { name = '', namespace = '' } = pod.metadata;
  const options = parseLogOptions(query, { podName: name, nowMs: context.clock.now() });
  const container = chooseContainer(pod, query.get('container') ?? '');
  if ((pod.spec?.nodeName ?? '') === '') {
    return { kind: 'plain', code: 204, contentType: '', body: '' };
  }
  const address = { namespace, pod: name, container };
  const stream = await nodeOf(context, pod).containerLogs(address, options);
  return { kind: 'stream', code: 200, contentType: 'text/plain', stream };
}

/** Reads the query of a request for logs. Throws 422. */
export function parseLogOptions(
  query: URLSearchParams,
  { podName, nowMs }: { podName: string; nowMs: number },
): LogOptions {
  const tailLines = integerParameter(query, 'tailLines');
  const limitBytes = integerParameter(query, 'limitBytes');
  const sinceSeconds = integerParameter(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime') ?? '';
  const causes: StatusCause[] = [];
  if (tailLines !== undefined && tailLines < 0) {
    const why = 'must be greater than or equal to 0';
    causes.push(invalidValue(fieldPath('tailLines'), tailLines, why));
  }
  if (limitBytes !== undefined && limitBytes < 1) {
    causes.push(invalidValue(fieldPath('limitBytes'), limitBytes, 'must be greater than 0'));
  }
  if (sinceSeconds !== undefined && sinceTime !== '') {
    const why = 'at most one of `sinceTime` or `sinceSeconds` may be specified';
    causes.push(forbidden('[]', why));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    causes.push(invalidValue(fieldPath('sinceSeconds'), sinceSeconds, 'must be greater than 0'));
  }
  // As upstream, where the feature gate of this is off.
  if (query.has('stream')) causes.push(forbidden(fieldPath('stream'), 'may not be specified'));
  if (causes.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, podName, causes);
  const sinceMs =
    sinceSeconds === undefined ? parseSince(sinceTime) : nowMs - sinceSeconds * SECOND_MS;
  return {
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
    sinceMs,
    tailLines,
    limitBytes,
  };
}

function parseSince(text: string): number | undefined {
  if (text === '') return undefined;
  try {
    return parseTime(canonicalTime(text));
  } catch (error) {
    if (error instanceof TimeError) throw badRequest(error.message);
    throw error;
  }
}

function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

// Answers metrics.k8s.io: asks the agents of the nodes what their pods use. Nodes without an agent
// and pods that do not run have no figures, as with metrics-server.
import type { Node, Pod } from '../../../api/generated/types.ts';
import {
  nodeMetrics,
  podMetrics,
  type NodeMetrics,
  type PodMetrics,
  type ResourceUsage,
} from '../../../api/metrics/metrics-resources.ts';
import { rulesFor } from '../../../api/kind-rules.ts';
import { keyOf, nameOf, type KubernetesObject } from '../../../api/meta/object.ts';
import { canonicalQuantity, formatQuantity, wholeQuantity } from '../../../api/meta/quantity.ts';
import { notFound } from '../../../api/meta/status-error.ts';
import { groupVersion, nodes, pods, type ResourceDefinition } from '../../../api/resources.ts';
import { present } from '../../../base/assert.ts';
import { formatTime } from '../../../base/time.ts';
import { unstored, type ApiRequest, type ApiResponse } from '../../api-request.ts';
import type { NodeUsage, Usage } from '../../node-connection.ts';
import { collectionPrefix } from '../../registry/object-keys.ts';
import { viewOf } from '../../registry/stored-view.ts';
import { methodNotAllowed, resourceNotServed, type RequestInfo } from '../../request-info.ts';
import type { HandlerContext } from '../handler-context.ts';
import { parseListOptions } from '../list-options.ts';
import { parseSelection } from '../selection.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Lists or gets what nodes or pods use. Throws 400, 404 and 405. */
export async function handleMetrics(
  context: HandlerContext,
  request: ApiRequest,
  info: RequestInfo,
): Promise<ApiResponse> {
  const isNodes = info.resource === 'nodes' && info.namespace === '';
  if ((!isNodes && info.resource !== 'pods') || info.subresource !== '') throw resourceNotServed();
  if (info.verb !== 'get' && info.verb !== 'list') throw methodNotAllowed();
  const resource: ResourceDefinition = isNodes ? nodeMetrics : podMetrics;
  const found = isNodes
    ? await metricsOfNodes(context, selected<Node>(context, { request, info, source: nodes }))
    : await metricsOfPods(context, selected<Pod>(context, { request, info, source: pods }));
  const items = found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(unstored);
  if (info.verb === 'list') {
    return { kind: 'list', resource, metadata: { resourceVersion: '' }, items };
  }
  const [stored] = items;
  if (stored) return { kind: 'object', code: 200, resource, subresource: '', stored, warnings: [] };
  const plural = resource.kind.toLowerCase();
  const name = isNodes ? info.name : `${info.namespace}/${info.name}`;
  throw notFound({ group: resource.group, resource: plural }, name);
}

interface Question {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly source: ResourceDefinition;
}

/** The nodes or pods that are asked about; selectors mean them, not their figures. */
function selected<T extends KubernetesObject>(
  { store }: HandlerContext,
  { request, info, source }: Question,
): T[] {
  const options = parseListOptions(request.query, 'list');
  const rules = present(rulesFor(source), `rules of ${source.resource}`);
  const { selects } = parseSelection({ request, info, resource: source, rules }, options);
  const { entries } = store.list(collectionPrefix(source, info.namespace));
  return entries.map((entry) => viewOf<T>(entry).object).filter((object) => selects(object));
}

/** Undefined where there is no agent, or none that answers. */
async function usageOf({ dialNode }: HandlerContext, name: string): Promise<NodeUsage | undefined> {
  try {
    return await dialNode(name).usage();
  } catch {
    return undefined;
  }
}

async function metricsOfNodes(
  context: HandlerContext,
  asked: readonly Node[],
): Promise<NodeMetrics[]> {
  const answers = await Promise.all(
    asked.map(async (node) => {
      const usage = await usageOf(context, nameOf(node));
      return usage
        ? [{ ...head(nodeMetrics, node, usage.node), usage: quantities(usage.node) }]
        : [];
    }),
  );
  return answers.flat();
}

async function metricsOfPods(
  context: HandlerContext,
  asked: readonly Pod[],
): Promise<PodMetrics[]> {
  const byName = new Map(asked.map((pod) => [keyOf(pod), pod]));
  const names = new Set(asked.flatMap(({ spec }) => spec?.nodeName ?? []));
  const answers = await Promise.all([...names].map((name) => usageOf(context, name)));
  return answers.flatMap((usage) =>
    (usage?.pods ?? []).flatMap(({ namespace, name, containers }) => {
      const pod = byName.get(`${namespace}/${name}`);
      const [first] = containers;
      if (!pod || !first) return [];
      const figures = containers.map((container) => ({
        name: container.name,
        usage: quantities(container),
      }));
      return [{ ...head(podMetrics, pod, first), containers: figures }];
    }),
  );
}

function head(resource: ResourceDefinition, { metadata }: KubernetesObject, usage: Usage) {
  const { name = '', namespace, labels } = metadata;
  return {
    apiVersion: groupVersion(resource),
    kind: resource.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: formatTime(usage.atMs),
      ...(labels === undefined ? {} : { labels }),
    },
    timestamp: formatTime(usage.atMs),
    window: goDuration(usage.windowMs),
  };
}

function quantities({ cpuNanoCores, memoryBytes }: Usage): ResourceUsage {
  const memory = formatQuantity(wholeQuantity(memoryBytes, 'BinarySI'));
  return { cpu: canonicalQuantity(`${cpuNanoCores}n`), memory };
}

/** `1h2m3.5s`, as Go prints durations. */
function goDuration(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  const seconds = `${(ms % MINUTE_MS) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

// The proxy subresource of nodes: what a kubelet answers on its own port, as far as the agents of
// ours know it. They have no such port; what they know is asked for, or read from the store.
import type { Node, Pod } from '../../../api/generated/types.ts';
import { notFound, statusError } from '../../../api/meta/status-error.ts';
import { nodes, pods } from '../../../api/resources.ts';
import { formatTime } from '../../../base/time.ts';
import type { ApiResponse } from '../../api-request.ts';
import type { NodeConnection, Usage } from '../../node-connection.ts';
import { listObjects, requireObject } from '../../registry/object-store.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { parseLogOptions } from './log.ts';
import { pathBehind, splitProxyName } from './proxy.ts';

const NANOS_PER_SECOND = 1e9;
const KUBELET_PORT = '10250';
const TEXT = 'text/plain; charset=utf-8';
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

interface Question {
  readonly context: HandlerContext;
  readonly node: Node;
  readonly agent: NodeConnection;
  readonly query: URLSearchParams;
}

type Answer = (question: Question) => ApiResponse | Promise<ApiResponse>;

const ANSWERS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['/healthz', () => plain('ok')],
  ['/healthz/ping', () => plain('ok')],
  ['/healthz/syncloop', () => plain('ok')],
  [
    '/pods',
    (question) =>
      json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: podsOf(question) }),
  ],
  ['/runningpods', (question) => json(runningPods(question))],
  ['/stats/summary', async (question) => json(await summary(question))],
  ['/metrics', async ({ agent, node }) => plain(await agentMetrics(agent, node), PROMETHEUS)],
  ['/metrics/resource', async ({ agent }) => plain(await resourceMetrics(agent), PROMETHEUS)],
  ['/metrics/cadvisor', async ({ agent }) => plain(await resourceMetrics(agent), PROMETHEUS)],
]);

/** Throws 400, 404, 405 and 503. */
export async function handleNodeProxy(
  context: HandlerContext,
  { request, info }: ResourceRequest,
): Promise<ApiResponse> {
  const { name, port } = splitProxyName(info.name);
  const target = { resource: nodes, namespace: '', name };
  const node = requireObject<Node>(context.store, target).object;
  if (port !== '' && port !== KUBELET_PORT) {
    throw statusError('ServiceUnavailable', `node "${name}" offers no port but ${KUBELET_PORT}`);
  }
  const agent = context.dialNode(name);
  const { path, query } = pathBehind(request);
  const question = { context, node, agent, query };
  const containerLogs = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path);
  if (containerLogs) return logs(question, containerLogs.slice(1).map(decodeURIComponent));
  const answer = ANSWERS.get(path.replace(/(?<=.)\/$/, ''));
  if (!answer) return plain('404 page not found\n', TEXT, 404);
  if (request.method !== 'GET') return plain('405: Method Not Allowed', TEXT, 405);
  return answer(question);
}

function plain(body: string, contentType = TEXT, code = 200): ApiResponse {
  return { kind: 'plain', code, contentType, body };
}

function json(value: object): ApiResponse {
  return plain(JSON.stringify(value), 'application/json');
}

function podsOf({ context, node }: Question): readonly Pod[] {
  const name = node.metadata.name ?? '';
  return listObjects<Pod>(context.store, pods, '').filter(({ spec }) => spec?.nodeName === name);
}

function runningPods(question: Question): object {
  const items = podsOf(question).flatMap(({ metadata, spec, status }) => {
    const running = (status?.containerStatuses ?? []).filter(({ state }) => state?.running);
    const containers = (spec?.containers ?? []).filter(({ name }) =>
      running.some((one) => one.name === name),
    );
    const { name, namespace, uid } = metadata;
    const shown = containers.map((one) => ({ name: one.name, image: one.image, resources: {} }));
    return running.length === 0
      ? []
      : [{ metadata: { name, namespace, uid }, spec: { containers: shown }, status: {} }];
  });
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

async function logs(question: Question, parts: readonly string[]): Promise<ApiResponse> {
  const { context, agent, query } = question;
  const [namespace = '', pod = '', container = ''] = parts;
  const found = podsOf(question).find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === pod,
  );
  if (!found) throw notFound(pods, pod);
  const options = parseLogOptions(query, { podName: pod, nowMs: context.clock.now() });
  const stream = await agent.containerLogs({ namespace, pod, container }, options);
  return { kind: 'stream', code: 200, contentType: TEXT, stream };
}

/** The kubelet's summary: figures of the node and of each container. */
async function summary(question: Question): Promise<object> {
  const usage = await question.agent.usage();
  const uids = new Map(
    podsOf(question).map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata]),
  );
  return {
    node: { nodeName: question.node.metadata.name, ...figures(usage.node) },
    pods: usage.pods.map(({ namespace, name, containers }) => {
      const metadata = uids.get(`${namespace}/${name}`);
      return {
        podRef: { name, namespace, uid: metadata?.uid ?? '' },
        startTime: metadata?.creationTimestamp ?? null,
        containers: containers.map((container) => ({
          name: container.name,
          ...figures(container),
        })),
        ...sumOf(containers),
      };
    }),
  };
}

function figures({ atMs, startedAtMs, cpuNanoCores, cpuNanoseconds, memoryBytes }: Usage) {
  const time = formatTime(atMs);
  return {
    startTime: formatTime(startedAtMs),
    cpu: { time, usageNanoCores: cpuNanoCores, usageCoreNanoSeconds: Math.round(cpuNanoseconds) },
    memory: { time, workingSetBytes: memoryBytes, usageBytes: memoryBytes },
  };
}

function sumOf(containers: readonly Usage[]): object {
  const [first] = containers;
  if (!first) return {};
  const sum = (figure: 'cpuNanoCores' | 'cpuNanoseconds' | 'memoryBytes') =>
    containers.reduce((total, container) => total + container[figure], 0);
  const { cpu, memory } = figures({
    ...first,
    cpuNanoCores: sum('cpuNanoCores'),
    cpuNanoseconds: sum('cpuNanoseconds'),
    memoryBytes: sum('memoryBytes'),
  });
  return { cpu, memory };
}

/** What the kubelet says at /metrics/resource, for whoever measures as metrics-server does. */
async function resourceMetrics(agent: NodeConnection): Promise<string> {
  const { node, pods: measured } = await agent.usage();
  const lines: string[] = [];
  const family = (name: string, type: 'counter' | 'gauge') => {
    lines.push(`# TYPE ${name} ${type}`);
    return (labels: Readonly<Record<string, string>>, value: number, atMs: number) => {
      const text = Object.entries(labels).map(([key, label]) => `${key}="${label}"`);
      const shown = text.length === 0 ? '' : `{${text.join(',')}}`;
      lines.push(`${name}${shown} ${value} ${Math.round(atMs)}`);
    };
  };
  const containers = measured.flatMap((pod) =>
    pod.containers.map((usage) => {
      const labels = { container: usage.name, namespace: pod.namespace, pod: pod.name };
      return { labels, usage };
    }),
  );
  const seconds = ({ cpuNanoseconds }: Usage) => cpuNanoseconds / NANOS_PER_SECOND;
  const containerCpu = family('container_cpu_usage_seconds_total', 'counter');
  for (const { labels, usage } of containers) containerCpu(labels, seconds(usage), usage.atMs);
  const containerMemory = family('container_memory_working_set_bytes', 'gauge');
  for (const { labels, usage } of containers)
    containerMemory(labels, usage.memoryBytes, usage.atMs);
  const containerStart = family('container_start_time_seconds', 'gauge');
  for (const { labels, usage } of containers) {
    containerStart(labels, usage.startedAtMs / 1000, usage.atMs);
  }
  family('node_cpu_usage_seconds_total', 'counter')({}, seconds(node), node.atMs);
  family('node_memory_working_set_bytes', 'gauge')({}, node.memoryBytes, node.atMs);
  family('resource_scrape_error', 'gauge')({}, 0, node.atMs);
  return `${lines.join('\n')}\n`;
}

/** The few of a kubelet's own figures that an agent has. */
async function agentMetrics(agent: NodeConnection, node: Node): Promise<string> {
  const { pods: measured } = await agent.usage();
  const running = measured.reduce((total, { containers }) => total + containers.length, 0);
  return [
    '# TYPE kubelet_node_name gauge',
    `kubelet_node_name{node="${node.metadata.name ?? ''}"} 1`,
    '# TYPE kubelet_running_pods gauge',
    `kubelet_running_pods ${measured.length}`,
    '# TYPE kubelet_running_containers gauge',
    `kubelet_running_containers{container_state="running"} ${running}`,
    '',
  ].join('\n');
}

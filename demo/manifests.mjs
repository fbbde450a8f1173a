// The objects of the demo: what a user would write in YAML.
import { readFileSync } from 'node:fs';

export const NAMESPACE = 'demo';
/** `nobody`: a user that every machine knows, for PostgreSQL asks for its name. */
const USER = 65534;

const script = (name) => readFileSync(new URL(`../dist/demo/${name}.mjs`, import.meta.url), 'utf8');

export const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };

/** The programs that the pods run beside PostgreSQL. */
export const scripts = () => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'pg-scripts', namespace: NAMESPACE },
  data: Object.fromEntries(['member', 'ready', 'sql'].map((name) => [`${name}.mjs`, script(name)])),
});

/** The governing Service: without it the pods have no names. */
export const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'pg', namespace: NAMESPACE },
  spec: {
    clusterIP: 'None',
    selector: { app: 'pg' },
    ports: [{ name: 'postgres', port: 5432 }],
  },
};

/** Where the container finds Node.js and its data. */
const nodeCommand = '/opt/node/bin/node';
const data = '/var/lib/postgresql/data';

/** A shell command over paths that begin with $ORDINAL_ROOT, which a sandbox leaves empty. */
export const inPod = (script) => ['sh', '-c', script.replaceAll('~', '"$ORDINAL_ROOT"'), 'sh'];

const field = (name, fieldPath) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** `dns`: address of the cluster DNS for pods that can't resolve by themselves. */
function postgresContainer({ run, dns }) {
  return {
    name: 'postgres',
    image: 'postgres:18',
    command: inPod(
      `~${nodeCommand} ~/opt/scripts/member.mjs && exec ~/opt/postgresql/bin/postgres -D ~$PGDATA ` +
        '-c listen_addresses="$POD_IP" -c unix_socket_directories=',
    ),
    env: [
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('POD_IP', 'status.podIP'),
      { name: 'DNS_SERVER', value: dns },
      { name: 'PGDATA', value: `${data}/pgdata` },
      { name: 'PRIMARY_HOST', value: 'pg-0.pg' },
      { name: 'ORDINAL_DEMO', value: run },
    ],
    ports: [{ name: 'postgres', containerPort: 5432 }],
    readinessProbe: {
      exec: { command: inPod(`exec ~${nodeCommand} ~/opt/scripts/ready.mjs`) },
      periodSeconds: 1,
      timeoutSeconds: 3,
    },
    lifecycle: {
      preStop: {
        exec: { command: inPod('~/opt/postgresql/bin/pg_ctl stop -D ~$PGDATA -m fast -W') },
      },
    },
    volumeMounts: [
      { name: 'data', mountPath: data },
      { name: 'scripts', mountPath: '/opt/scripts' },
      { name: 'postgresql', mountPath: '/opt/postgresql', readOnly: true },
      { name: 'node', mountPath: nodeCommand, readOnly: true },
    ],
  };
}

/** `postgresql`: folder of the server's programs; `node`: the Node.js executable. */
export function statefulSet({ postgresql, node, ...container }) {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'pg', namespace: NAMESPACE },
    spec: {
      serviceName: 'pg',
      replicas: 3,
      selector: { matchLabels: { app: 'pg' } },
      template: {
        metadata: { labels: { app: 'pg' } },
        spec: {
          terminationGracePeriodSeconds: 20,
          // PostgreSQL refuses to run as root.
          securityContext: {
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            // It also refuses a data directory that its group may write to.
            fsGroupChangePolicy: 'OnRootMismatch',
          },
          containers: [postgresContainer(container)],
          volumes: [
            { name: 'scripts', configMap: { name: 'pg-scripts' } },
            { name: 'postgresql', hostPath: { path: postgresql, type: 'Directory' } },
            { name: 'node', hostPath: { path: node, type: 'File' } },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
          },
        },
      ],
    },
  };
}

// The objects that the end-to-end tests apply: what a user would write.
import type { Container, PodSpec } from '../../src/api/generated/types.ts';

/** Says `started`, and on SIGTERM `stopping`, and ends. A shell that is process 1 must trap. */
export const WAIT_FOR_TERM =
  'trap "echo stopping; exit 0" TERM; echo started; while :; do sleep 0.05; done';

/** A container that runs a shell script; `rest` adds or replaces fields. */
export function shell(script: string, rest: Partial<Container> = {}): Container {
  return { name: 'main', image: 'host', command: ['sh', '-c', script], ...rest };
}

/** Where pods that mount `nodeVolume` at `nodeMount` find the Node.js of this test. */
const NODE_COMMAND = '/opt/e2e/node';

export const nodeVolume = { name: 'node', hostPath: { path: process.execPath, type: 'File' } };
export const nodeMount = { name: 'node', mountPath: NODE_COMMAND, readOnly: true };

/** A container that runs a JavaScript program; it needs the mount above. */
export function nodeProgram(program: string): Container {
  return { name: 'main', image: 'host', command: [NODE_COMMAND, '-e', program] };
}

export function pod(
  name: string,
  containers: Container | Container[],
  spec: Partial<PodSpec> = {},
) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { pod: name } },
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: Array.isArray(containers) ? containers : [containers],
      ...spec,
    },
  };
}

/** The headless Service and StatefulSet of the Kubernetes documentation, with a program to run. */
export function webSet(replicas: number, script: string): string {
  return `
apiVersion: v1
kind: Service
metadata:
  name: nginx
  labels:
    app: nginx
spec:
  ports:
  - port: 80
    name: web
  clusterIP: None
  selector:
    app: nginx
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: "nginx"
  replicas: ${replicas}
  selector:
    matchLabels:
      app: nginx
  template:
    metadata:
      labels:
        app: nginx
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.24
        command: ["sh", "-c", ${JSON.stringify(script)}]
        ports:
        - containerPort: 80
          name: web
        env:
        - name: POD_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        startupProbe:
          exec: {command: [test, -e, /usr/share/nginx/html/started]}
          periodSeconds: 1
          failureThreshold: 30
        readinessProbe:
          exec: {command: [test, -e, /usr/share/nginx/html/started]}
          periodSeconds: 1
        livenessProbe:
          exec: {command: [test, -e, /usr/share/nginx/html/started]}
          periodSeconds: 5
        volumeMounts:
        - name: www
          mountPath: /usr/share/nginx/html
  volumeClaimTemplates:
  - metadata:
      name: www
    spec:
      accessModes: [ "ReadWriteOnce" ]
      resources:
        requests:
          storage: 1Gi
`;
}

/** Marks its volume, notes SIGTERM there, and stays. */
export const WEB_SCRIPT =
  'cd /usr/share/nginx/html; touch started; ' +
  'trap "echo $POD_NAME stopped >>log; exit 0" TERM; echo $POD_NAME started >>log; ' +
  'echo "$POD_NAME runs"; while :; do sleep 0.05; done';

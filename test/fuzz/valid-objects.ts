// Objects that the server takes, as a start for mutations: what is refused at the door would only
// ever try the door.
import { signingRequest } from '../../src/api/certificates/signing-request.fixture.ts';
import type { JsonObject } from '../../src/api/meta/object.ts';

const container = {
  name: 'main',
  image: 'app:1',
  ports: [{ name: 'http', containerPort: 80 }],
  env: [{ name: 'A', value: 'b' }],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
};
const volumes = [{ name: 'data', emptyDir: {} }];
const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [container], volumes } };
const selector = { matchLabels: labels };
const claim = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
};
const ports = [{ name: 'http', port: 80, targetPort: 'http' }];
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }];

/** By plural name: what stands beside apiVersion, kind and metadata. */
export const validObjects: Readonly<Record<string, JsonObject>> = {
  pods: { spec: { nodeName: 'node-0', containers: [container], volumes } },
  services: { spec: { selector: labels, ports } },
  configmaps: { data: { a: '1' }, binaryData: { b: 'aGVsbG8=' } },
  secrets: { type: 'Opaque', data: { a: 'aGVsbG8=' } },
  namespaces: {},
  certificatesigningrequests: {
    spec: {
      request: signingRequest({ commonName: 'jane', organizations: ['team'] }).request,
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['digital signature', 'client auth'],
    },
    status: { conditions: [{ type: 'Approved', status: 'True' }] },
  },
  nodes: { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
  statefulsets: {
    spec: {
      replicas: 2,
      serviceName: 'web',
      selector,
      template,
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
    },
  },
  deployments: { spec: { replicas: 2, selector, template } },
  replicasets: { spec: { replicas: 2, selector, template } },
  daemonsets: { spec: { selector, template } },
  jobs: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
  cronjobs: {
    spec: {
      schedule: '*/5 * * * *',
      jobTemplate: {
        spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
      },
    },
  },
  persistentvolumeclaims: { spec: claim },
  persistentvolumes: {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/x' },
    },
  },
  storageclasses: { provisioner: 'example.com/p' },
  poddisruptionbudgets: { spec: { minAvailable: '50%', selector } },
  roles: { rules },
  clusterroles: { rules },
  rolebindings: { roleRef, subjects },
  clusterrolebindings: { roleRef, subjects },
  endpointslices: {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', port: 80 }],
  },
  leases: { spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } },
  resourcequotas: { spec: { hard: { pods: '100', 'requests.cpu': '10' } } },
  limitranges: { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
  ingresses: {
    spec: {
      defaultBackend: { service: { name: 'web', port: { number: 80 } } },
    },
  },
  networkpolicies: { spec: { podSelector: selector, policyTypes: ['Ingress'] } },
  priorityclasses: { value: 1000 },
  events: {
    involvedObject: { kind: 'Pod', name: 'web-0', namespace: 'default' },
    reason: 'Tested',
    message: 'said so',
    type: 'Normal',
  },
  customresourcedefinitions: {
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    size: { type: 'integer', minimum: 0, default: 1 },
                    name: { type: 'string', pattern: '^[a-z]+$' },
                  },
                  'x-kubernetes-validations': [{ rule: 'self.size < 10' }],
                },
              },
            },
          },
          subresources: { status: {} },
        },
      ],
    },
  },
  widgets: { spec: { size: 3, name: 'abc' } },
};

// What discovery says about subresources: their kinds and verbs (API-207).

export interface SubresourceDefinition {
  readonly name: string;
  /** Kind of the bodies; absent: the parent's own. */
  readonly kind?: string;
  /** Set when the kind belongs to another group than the parent. */
  readonly groupVersion?: { readonly group: string; readonly version: string };
  readonly verbs: readonly string[];
}

const READ_WRITE = ['get', 'patch', 'update'];
const CONNECT = ['create', 'get'];
const PROXY = ['create', 'delete', 'get', 'patch', 'update'];

const table: Readonly<Record<string, Omit<SubresourceDefinition, 'name'>>> = {
  status: { verbs: READ_WRITE },
  scale: {
    kind: 'Scale',
    groupVersion: { group: 'autoscaling', version: 'v1' },
    verbs: READ_WRITE,
  },
  ephemeralcontainers: { verbs: READ_WRITE },
  resize: { verbs: READ_WRITE },
  finalize: { verbs: ['update'] },
  log: { verbs: ['get'] },
  exec: { kind: 'PodExecOptions', verbs: CONNECT },
  attach: { kind: 'PodAttachOptions', verbs: CONNECT },
  portforward: { kind: 'PodPortForwardOptions', verbs: CONNECT },
  binding: { kind: 'Binding', verbs: ['create'] },
  eviction: {
    kind: 'Eviction',
    groupVersion: { group: 'policy', version: 'v1' },
    verbs: ['create'],
  },
  token: {
    kind: 'TokenRequest',
    groupVersion: { group: 'authentication.k8s.io', version: 'v1' },
    verbs: ['create'],
  },
};

/** The definition of a subresource; those without an entry behave like /status. */
export function subresourceDefinition(name: string, parentKind: string): SubresourceDefinition {
  if (name === 'proxy') return { name, kind: `${parentKind}ProxyOptions`, verbs: PROXY };
  return { name, ...(table[name] ?? { verbs: READ_WRITE }) };
}

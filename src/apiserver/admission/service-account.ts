// Gives pods their service account, its pull secrets and the volume with its token (API-1108).
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../api/generated/types.ts';
import { serviceAccounts } from '../../api/resources.ts';
import { nameSuffix } from '../../base/random.ts';
import { getObject } from '../registry/object-store.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const DEFAULT_NAME = 'default';
const VOLUME_PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';
/**
 * One hour and a little: the kubelet renews at 80 % of it, and the odd number shows whose it is.
 */
const TOKEN_SECONDS = 3607;
/** 0644. */
const FILE_MODE = 420;

/** Throws 403 when the account does not exist. */
export function serviceAccount(request: AdmissionRequest): void {
  const pod = requestOn<Pod>(request, 'pods', 'create')?.object;
  if (!pod?.spec || pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined) return;
  const { spec } = pod;
  if ((spec.serviceAccountName ?? '') === '') spec.serviceAccountName = DEFAULT_NAME;
  const name = spec.serviceAccountName ?? DEFAULT_NAME;
  spec.serviceAccount = name;
  const account = lookUp(request, name);
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
    mountToken(spec, `${VOLUME_PREFIX}${nameSuffix(request.context.random)}`);
  }
  if ((spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets !== undefined) {
    spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
  }
}

function lookUp(request: AdmissionRequest, name: string): ServiceAccount {
  const { namespace } = request.target.info;
  const target = { resource: serviceAccounts, namespace, name };
  const stored = getObject<ServiceAccount>(request.context.store, target);
  if (stored) return stored.object;
  const why = `serviceaccount ${JSON.stringify(name)} not found`;
  throw refuse(request, `error looking up service account ${namespace}/${name}: ${why}`);
}

function mountToken(spec: PodSpec, newName: string): void {
  const existing = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const name = existing?.name ?? newName;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const mounted = containers.filter((container) => addMount(container, name));
  if (mounted.length > 0 && !existing) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

/** True when a mount was added: the container has none of its own at the path. */
function addMount(container: Container, name: string): boolean {
  const own = container.volumeMounts ?? [];
  if (own.some((mount) => mount.mountPath === MOUNT_PATH)) return false;
  container.volumeMounts = [...own, { name, readOnly: true, mountPath: MOUNT_PATH }];
  return true;
}

function tokenVolume(name: string): Volume {
  const sources = [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [
          { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } },
        ],
      },
    },
  ];
  return { name, projected: { sources, defaultMode: FILE_MODE } };
}

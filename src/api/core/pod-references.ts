// What a pod names of its namespace: that is what its node's agent has to read.
import type { Container, Pod, Volume } from '../generated/types.ts';

export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

/** The secrets, config maps and claims in the spec of a pod. */
export function podReferences({ metadata, spec }: Pod): PodReferences {
  const containers: readonly Pick<Container, 'env' | 'envFrom'>[] = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  const env = containers.flatMap((container) => container.env ?? []);
  const envFrom = containers.flatMap((container) => container.envFrom ?? []);
  const volumes = spec?.volumes ?? [];
  return {
    secrets: names([
      ...(spec?.imagePullSecrets ?? []).map(({ name }) => name),
      ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ...envFrom.map(({ secretRef }) => secretRef?.name),
      ...volumes.flatMap(secretsOf),
    ]),
    configMaps: names([
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
      ...envFrom.map(({ configMapRef }) => configMapRef?.name),
      ...volumes.map(({ configMap }) => configMap?.name),
      ...volumes.flatMap(({ projected }) =>
        (projected?.sources ?? []).map(({ configMap }) => configMap?.name),
      ),
    ]),
    claims: names(
      volumes.map(({ name, persistentVolumeClaim, ephemeral }) =>
        ephemeral ? `${metadata.name ?? ''}-${name}` : persistentVolumeClaim?.claimName,
      ),
    ),
  };
}

function names(found: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(found.filter((name) => name !== undefined && name !== '') as string[]);
}

function secretsOf(volume: Volume): (string | undefined)[] {
  return [
    volume.secret?.secretName,
    ...(volume.projected?.sources ?? []).map(({ secret }) => secret?.name),
    volume.csi?.nodePublishSecretRef?.name,
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.storageos?.secretRef?.name,
  ];
}

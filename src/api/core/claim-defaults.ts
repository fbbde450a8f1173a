// Defaults and normal form of persistent volume claims (API-923).
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../generated/types.ts';
import { isBlank } from './field-rules.ts';

/** Fills the defaults of a claim, or of a claim template of a set (SS-220), in place. */
export function claimDefaults(claim: PersistentVolumeClaim): void {
  claim.spec ??= {};
  claim.spec.volumeMode ??= 'Filesystem';
  claim.spec.resources ??= {};
  claim.status ??= {};
  if (isBlank(claim.status.phase)) claim.status.phase = 'Pending';
}

/**
 * `dataSource` and `dataSourceRef` always say the same; a data source of an unknown kind in the
 * old field is dropped, unless the stored claim already has one.
 */
export function normalizeDataSources(
  spec: PersistentVolumeClaimSpec,
  old?: PersistentVolumeClaimSpec,
): void {
  dropForeignNamespace(spec, old);
  const inUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!inUse && spec.dataSourceRef === undefined && !isClaimOrSnapshot(spec.dataSource)) {
    delete spec.dataSource;
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && isBlank(dataSourceRef.namespace)) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

/** Data of other namespaces is behind a gate that is off. */
function dropForeignNamespace(
  spec: PersistentVolumeClaimSpec,
  old?: PersistentVolumeClaimSpec,
): void {
  const foreign = !isBlank(spec.dataSourceRef?.namespace);
  if (foreign && old?.dataSourceRef === undefined) delete spec.dataSourceRef;
}

function isClaimOrSnapshot(source: PersistentVolumeClaimSpec['dataSource']): boolean {
  if (source === undefined) return false;
  const group = source.apiGroup ?? '';
  return (
    (source.kind === 'PersistentVolumeClaim' && group === '') ||
    (source.kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io')
  );
}

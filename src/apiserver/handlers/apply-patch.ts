// Server-side apply as a PATCH (API-640 … API-653): reads the configuration and makes of the live
// object, or of nothing, the one that is wanted.
import { DecodeError } from '../../api/meta/decode-context.ts';
import { fieldPathText } from '../../api/meta/apply/field-set.ts';
import { managedByApply, namesOwners } from '../../api/meta/apply/field-manager.ts';
import type { ApplyOutcome, FieldManagement } from '../../api/meta/apply/field-manager.ts';
import { TypedValueError } from '../../api/meta/apply/list-items.ts';
import type { Manager } from '../../api/meta/apply/managers.ts';
import { ApplyConflictError } from '../../api/meta/apply/updater.ts';
import { validateTyped } from '../../api/meta/apply/validate-typed.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { JsonObject, KubernetesObject } from '../../api/meta/object.ts';
import { badRequest, statusError } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import { groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ApiRequest } from '../api-request.ts';
import { isTrue } from '../request-info.ts';
import { readConfiguration } from './apply-body.ts';
import { decodeOwn } from './body.ts';
import { setManagedFields } from './field-tracking.ts';
import { parseWriteOptions } from './write-options.ts';

export const APPLY_TYPE = 'application/apply-patch+yaml';

export interface ApplyPatch {
  readonly dryRun: boolean;
  readonly warnings: readonly string[];
  /**
   * The object that is wanted, decoded but without defaults, with its managedFields. `live` is the
   * stored object; undefined for a new one. Throws 400, 409 and 500.
   */
  apply(management: FieldManagement, live: KubernetesObject | undefined): KubernetesObject;
}

/** Reads an apply request. Throws 422 for its options and 400 for a body that is none. */
export async function readApply(
  request: ApiRequest,
  resource: ResourceDefinition,
): Promise<ApplyPatch> {
  const { dryRun, fieldValidation } = parseWriteOptions(request.query, 'ApplyOptions');
  const manager = request.query.get('fieldManager') ?? '';
  const force = isTrue(request.query.get('force'));
  const { config, warnings, checkStrictly } = await readConfiguration(request, fieldValidation);
  return {
    dryRun,
    warnings,
    apply(management, live) {
      checkConfiguration(config, { management, resource });
      const outcome = applied(management, { config, live, manager, force });
      checkStrictly();
      return decoded(outcome, { config, resource });
    },
  };
}

interface Attempt {
  readonly config: JsonObject;
  readonly live: KubernetesObject | undefined;
  readonly manager: string;
  readonly force: boolean;
}

function applied(
  management: FieldManagement,
  { config, live, manager, force }: Attempt,
): ApplyOutcome {
  const { managedFields: stored, ...metadata } = live?.metadata ?? {};
  const object = live ? ({ ...live, metadata } as unknown as JsonObject) : management.empty;
  try {
    return managedByApply(management, { live: object, stored, config, manager, force });
  } catch (error) {
    if (error instanceof ApplyConflictError) throw applyConflict(error);
    if (!(error instanceof TypedValueError)) throw error;
    throw statusError('', `failed to merge config: ${error.message}`);
  }
}

/** Throws 400 for another kind, and 500 for what its type does not allow. */
function checkConfiguration(
  config: JsonObject,
  { management, resource }: { management: FieldManagement; resource: ResourceDefinition },
): void {
  const { apiVersion, kind } = headerOf(config);
  if (apiVersion !== groupVersion(resource) || kind !== resource.kind) {
    throw badRequest(`invalid object type: ${kindText(config)}`);
  }
  if (namesOwners(config)) throw badRequest('metadata.managedFields must be nil');
  try {
    validateTyped(management.schema, config);
  } catch (error) {
    if (!(error instanceof TypedValueError)) throw error;
    const what = `failed to create typed patch object (${objectText(config)})`;
    throw statusError('', `${what}: ${error.message}`);
  }
}

function decoded(
  { object: json, managedFields }: ApplyOutcome,
  { config, resource }: { config: JsonObject; resource: ResourceDefinition },
): KubernetesObject {
  try {
    const own = { header: headerOf(config), text: undefined, style: 'converter' } as const;
    const { object } = decodeOwn(json, resource, own);
    setManagedFields(object, managedFields);
    return object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const what = `failed to convert new object (${objectText(config)}) to proper version`;
    const why = `unable to convert unstructured object to ${kindText(config)}: ${error.message}`;
    throw statusError('', `${what}: ${why}`);
  }
}

function textOf(object: unknown, name: string): string {
  const value = isJsonObject(object) ? object[name] : undefined;
  return typeof value === 'string' ? value : '';
}

function headerOf(config: JsonObject): { apiVersion: string; kind: string } {
  return { apiVersion: textOf(config, 'apiVersion'), kind: textOf(config, 'kind') };
}

/** `/v1, Kind=ConfigMap`. */
function kindText(config: JsonObject): string {
  const { apiVersion, kind } = headerOf(config);
  return `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
}

/** `namespace/name; apps/v1, Kind=StatefulSet`. */
function objectText(config: JsonObject): string {
  const { metadata } = config;
  return `${textOf(metadata, 'namespace')}/${textOf(metadata, 'name')}; ${kindText(config)}`;
}

/** API-313. */
function applyConflict({ conflicts }: ApplyConflictError): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${managerText(manager)}`,
    field: fieldPathText(path),
  }));
  return statusError('Conflict', conflictMessage(causes), { details: { causes } });
}

function conflictMessage(causes: readonly { message: string; field: string }[]): string {
  const [first] = causes;
  if (causes.length === 1) {
    return `Apply failed with 1 conflict: ${first?.message ?? ''}: ${first?.field ?? ''}`;
  }
  const byManager = new Map<string, string[]>();
  for (const { message, field } of causes) {
    const title = `${message.replace('conflict', 'conflicts')}:`;
    byManager.set(title, [...(byManager.get(title) ?? [title]), `- ${field}`]);
  }
  const lines = [...byManager.values()].flat();
  return `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const inPart = subresource === '' ? '' : ` with subresource "${subresource}"`;
  const using = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${inPart}${using}`;
}

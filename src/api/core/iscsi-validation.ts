// iSCSI disks, in pods and in persistent volumes.
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, requiredText } from './field-rules.ts';
import { validateLun, type Source, type SourceOwner } from './legacy-volume-validation.ts';

const KINDS = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};
const PORTAL_LIMIT = 64;

/** The source at `path`; `owner` is the volume. */
export function* validateIscsi(source: Source, path: FieldPath, owner: SourceOwner): Causes {
  const portal = textOf(source['targetPortal']) ?? '';
  const iqn = textOf(source['iqn']);
  yield* requiredText(portal, path.child('targetPortal'));
  if (owner.persistent) yield* validatePortalLength(source, path.child('targetportal'), owner);
  if (isBlank(iqn)) yield required(path.child('iqn'));
  else yield* validateInitiator(iqn, path.child('iqn'), owner);
  yield* validateLun(source['lun'], path);
  const chap = source['chapAuthDiscovery'] === true || source['chapAuthSession'] === true;
  const secret = source['secretRef'];
  if (chap && secret === undefined) yield required(path.child('secretRef'));
  if (owner.persistent && typeof secret === 'object' && secret !== null) {
    yield* requiredText(textOf(Reflect.get(secret, 'name')), path.child('secretRef', 'name'));
  }
  const initiator = textOf(source['initiatorName']);
  if (initiator !== undefined) {
    yield* validateInitiator(initiator, path.child('initiatorname'), owner);
  }
}

/** The names of a volume and its portal together, which become a file name. */
export function* validatePortalLength(
  source: Source,
  path: FieldPath,
  { name, persistent }: SourceOwner,
): Causes {
  const portal = textOf(source['targetPortal']) ?? '';
  if (source['initiatorName'] === undefined) return;
  if (`${name}:${portal}`.length <= PORTAL_LIMIT) return;
  const message =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters ' +
    'if iscsi.initiatorName is specified.';
  yield invalidValue(path, persistent ? portal : name, message);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function* validateInitiator(value: string, path: FieldPath, { persistent }: SourceOwner): Causes {
  const kind = (['iqn', 'eui', 'naa'] as const).find((prefix) => value.startsWith(prefix));
  if (kind === undefined) {
    const hint = persistent ? '' : ' starting with iqn, eui, or naa';
    yield invalidValue(path, value, `must be valid format${hint}`);
  } else if (!KINDS[kind].test(value)) yield invalidValue(path, value, 'must be valid format');
}

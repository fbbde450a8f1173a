// The numbers and the selector that the scale subresource of a custom resource reads (API-702).
import type { CustomResourceSubresourceScale, StatusCause } from '../generated/types.ts';
import { renderValue, invalidValue } from '../meta/field-errors.ts';
import type { Json } from '../meta/object.ts';
import { valueAt } from './member-path.ts';

type Scale = CustomResourceSubresourceScale | undefined;

const INT32_MAX = 2 ** 31 - 1;

/** The causes against the wanted replicas. */
export function validateScaleSpec(object: unknown, scale: Scale): StatusCause[] {
  return scale ? replicasCauses(object, scale.specReplicasPath) : [];
}

/** The causes against the replicas there are, and against the selector. */
export function validateScaleStatus(object: unknown, scale: Scale): StatusCause[] {
  if (!scale) return [];
  const causes = replicasCauses(object, scale.statusReplicasPath);
  const path = scale.labelSelectorPath ?? '';
  const selector = path === '' ? undefined : valueAt(object, path);
  if (selector !== undefined && typeof selector !== 'string') {
    causes.push(invalidValue(path, '', accessorError(path, selector, 'string')));
  }
  return causes;
}

function replicasCauses(object: unknown, path: string): StatusCause[] {
  const value = valueAt(object, path);
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return [invalidValue(path, 0, accessorError(path, value, 'int64'))];
  }
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  if (value <= INT32_MAX) return [];
  return [invalidValue(path, value, `should be less than or equal to ${INT32_MAX}`)];
}

function accessorError(path: string, value: Json, expected: string): string {
  const shown = typeof value === 'string' ? value : renderValue(value);
  return `${path} accessor error: ${shown} is of the type ${goType(value)}, expected ${expected}`;
}

function goType(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

// What somebody outside made of an object takes its place, decoded and with its defaults, as if a
// client had sent it.
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { internalError, StatusError } from '../../api/meta/status-error.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import { decodeBody } from '../handlers/body.ts';
import { ruleContextAt } from '../handlers/handler-context.ts';
import type { AdmissionRequest } from './admission-request.ts';
import type { ObjectForm } from './match-request.ts';

/**
 * Changes the object of the request to `body`, which is in the given form; true when that is a
 * change. Callers hold on to the object, so it is changed and not exchanged. Throws 500.
 */
export async function replaceWith(
  request: AdmissionRequest,
  body: Json,
  form: ObjectForm,
): Promise<boolean> {
  const { target, context, object } = request;
  const changed = form.from(await decoded(request, body as object, form));
  if (!request.kind) target.rules.applyDefaults(changed, ruleContextAt(context));
  const { resourceVersion, managedFields } = object.metadata;
  Object.assign(changed.metadata, { resourceVersion, managedFields });
  if (resourceVersion === undefined) delete changed.metadata.resourceVersion;
  if (managedFields === undefined) delete changed.metadata.managedFields;
  if (jsonEqual(changed, object)) return false;
  for (const key of Object.keys(object)) Reflect.deleteProperty(object, key);
  Object.assign(object, changed);
  return true;
}

async function decoded(
  { target, kind }: AdmissionRequest,
  body: object,
  { resource }: ObjectForm,
): Promise<KubernetesObject> {
  const own = { ...target.request, body, contentType: '' };
  try {
    return (await decodeBody(own, kind ?? resource, 'Ignore')).object;
  } catch (error) {
    if (error instanceof StatusError) throw internalError(error.message);
    throw error;
  }
}

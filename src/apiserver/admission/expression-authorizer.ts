// What expressions in admission may ask `authorizer` about the user of a request.
import {
  CelAuthorizer,
  CelResourceCheck,
} from '../../api/admissionregistration/authorizer-functions.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** The variables about the user of a request. */
export function authorizerOf({ context, target }: AdmissionRequest) {
  const { group, resource } = target.resource;
  const { namespace, name, subresource } = target.info;
  const authorizer = new CelAuthorizer(context.authorizer, target.request.user);
  const asked = { group, resource, subresource, namespace, name };
  return {
    authorizer,
    'authorizer.requestResource': new CelResourceCheck(authorizer, asked),
  };
}

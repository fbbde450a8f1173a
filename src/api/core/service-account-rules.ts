// The rules of service accounts for the API server.
import type { ServiceAccount } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import type { Causes } from './field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';

const ENFORCED = 'kubernetes.io/enforce-mountable-secrets';

/** What the API server asks of this kind. */
export const serviceAccountRules = defineKind<ServiceAccount>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  validate: validateServiceAccount,
  *validateUpdate(account, old) {
    yield* validateMetadataUpdate(account.metadata, old.metadata);
    yield* validateServiceAccount(account);
  },
  warnings({ metadata }, old) {
    const has = (annotations = metadata.annotations) => annotations?.[ENFORCED] !== undefined;
    if (!has() || has(old?.metadata.annotations ?? {})) return [];
    const advice = 'prefer separate namespaces to isolate access to mounted secrets';
    return [`metadata.annotations[${ENFORCED}]: deprecated in v1.32+; ${advice}`];
  },
});

/** Of a reference to a secret only the name counts. */
function keepSecretNames(account: ServiceAccount): void {
  account.secrets = account.secrets?.map(({ name }) => (name === undefined ? {} : { name }));
  if (account.secrets === undefined) delete account.secrets;
}

function validateServiceAccount({ metadata }: ServiceAccount): Causes {
  return validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
}

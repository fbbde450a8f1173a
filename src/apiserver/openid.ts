// How others verify the tokens of our service accounts: the discovery document of OpenID Connect
// and the public keys (API-1102).
import type { Exchange } from './exchange.ts';
import { send } from './reply.ts';
import type { ServiceAccountTokenIssuer } from './service-account-tokens.ts';

export type TokenKeys = Pick<ServiceAccountTokenIssuer, 'issuer' | 'keys'>;

const KEYS_PATH = '/openid/v1/jwks';
const CONFIGURATION_PATH = '/.well-known/openid-configuration';
const CACHED = 'public, max-age=3600';

/** True for the paths that sendOpenId answers. */
export function isOpenIdPath(path: string): boolean {
  return [KEYS_PATH, CONFIGURATION_PATH].includes(path.replace(/\/$/, ''));
}

/** Sends the document at one of these paths. */
export async function sendOpenId(exchange: Exchange, { issuer, keys }: TokenKeys): Promise<void> {
  const isKeys = exchange.path.startsWith(KEYS_PATH);
  const configuration = {
    issuer,
    jwks_uri: `https://${exchange.host}${KEYS_PATH}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: keys().keys.map(({ alg }) => alg),
  };
  await send(exchange, 200, {
    body: JSON.stringify(isKeys ? keys() : configuration),
    headers: {
      'content-type': isKeys ? 'application/jwk-set+json' : 'application/json',
      'cache-control': CACHED,
    },
  });
}

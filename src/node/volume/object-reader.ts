// Reads the objects that pods refer to, straight from the server: a node needs few of them, rarely.
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  TokenRequest,
  TokenRequestSpec,
} from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  secrets,
  serviceAccounts,
} from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Client, ObjectName } from '../../client/client.ts';

/** Methods resolve with undefined if there is no such object and throw every other error. */
export interface ObjectReader {
  configMap(name: ObjectName): Promise<ConfigMap | undefined>;
  secret(name: ObjectName): Promise<Secret | undefined>;
  claim(name: ObjectName): Promise<PersistentVolumeClaim | undefined>;
  volume(name: string): Promise<PersistentVolume | undefined>;
  /** A new token of a service account; throws if the account does not exist. */
  token(account: ObjectName, spec: TokenRequestSpec): Promise<TokenRequest>;
}

export function createObjectReader(client: Client): ObjectReader {
  const read = async <T extends KubernetesObject>(
    resource: ResourceDefinition<T>,
    name: ObjectName,
  ): Promise<T | undefined> => {
    try {
      return await client.resource(resource).get(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  return {
    configMap: (name) => read(configMaps, name),
    secret: (name) => read(secrets, name),
    claim: (name) => read(persistentVolumeClaims, name),
    volume: (name) => read(persistentVolumes, { name }),
    async token(account, spec) {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
      const reply = await client
        .resource(serviceAccounts)
        .createSubresource({ ...account, subresource: 'token' }, body);
      return reply as TokenRequest;
    },
  };
}

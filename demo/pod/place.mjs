// Where a member finds things. In a sandbox everything is at its path and names are resolved by
// the cluster DNS. As plain processes (where namespaces are refused) mounts are below
// $ORDINAL_ROOT, and the DNS must be asked by its address.
import { Resolver } from 'node:dns/promises';

/** A path of the pod as this process sees it. */
export function podPath(path) {
  return `${process.env.ORDINAL_ROOT ?? ''}${path}`;
}

/** What to connect to for a short name such as `pg-0.pg`: the name itself, or its address. */
export async function hostAddress(host) {
  const server = process.env.DNS_SERVER;
  if (!server) return host;
  const resolver = new Resolver();
  resolver.setServers([server]);
  const [address] = await resolver.resolve4(
    `${host}.${process.env.POD_NAMESPACE}.svc.cluster.local`,
  );
  return address;
}

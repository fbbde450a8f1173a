// `--port 0` takes any free port; after a restart the one of before, if it is still to be had, so
// that kubeconfigs and resolvers that are in use stay right.
import { createServer } from 'node:net';

/** `asked` unless it is 0; then `last` if that is free, else 0. */
export async function preferredPort(
  asked: number,
  { host, last }: { host: string; last: number | undefined },
): Promise<number> {
  if (asked !== 0 || last === undefined) return asked;
  return (await isFree(host, last)) ? last : 0;
}

function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

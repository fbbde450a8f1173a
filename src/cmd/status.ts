// `ordinal status`: is a server running on the data directory, and what does it hold?
import { nodes, pods, statefulSets } from '../api/resources.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createClient } from '../client/create-client.ts';
import { createHttpTransport } from '../client/http-transport.ts';
import { loadKubeconfig } from '../client/kubeconfig.ts';
import { dataDirectory, readServerRecord } from './data-directory.ts';

/** Prints the state; resolves with exit code 0 when a server runs, 3 when none does. */
export async function status({ dataDir }: { dataDir: string }): Promise<number> {
  const directory = dataDirectory(dataDir);
  const found = readServerRecord(directory);
  if (!found?.alive) {
    const left = found ? ' (the last one was killed: `ordinal up` goes on where it was)' : '';
    process.stdout.write(`ordinal is not running in ${directory.root}${left}\n`);
    return 3;
  }
  const { record } = found;
  const connection = loadKubeconfig({ path: record.kubeconfig });
  const transport = createHttpTransport({
    ...connection,
    userAgent: 'ordinal-status',
    clock: systemClock,
    logger: silentLogger,
  });
  const client = createClient(transport);
  const [nodeList, podList, setList] = await Promise.all([
    client.resource(nodes).list(),
    client.resource(pods).list(),
    client.resource(statefulSets).list(),
  ]);
  await transport.close();
  const lines = [
    `server      ${record.server} (pid ${record.process.pid}, version ${record.version})`,
    `kubeconfig  ${record.kubeconfig}`,
    `dns         127.0.0.1:${record.dnsPort}`,
    `data        ${directory.root}`,
    `runtime     ${record.runtime}`,
    `nodes       ${nodeList.items.length}`,
    `statefulsets ${setList.items.length}, pods ${podList.items.length}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

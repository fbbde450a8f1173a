// `node sql.mjs HOST SQL`: runs one statement and prints the rows as JSON.
import pg from 'pg';
import { hostAddress } from './place.mjs';

const [name, sql] = process.argv.slice(2);
const host = await hostAddress(name);
const client = new pg.Client({ host, port: 5432, user: 'postgres', connectionTimeoutMillis: 3000 });
try {
  await client.connect();
  const { rows } = await client.query(sql);
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await client.end().catch(() => {});
}

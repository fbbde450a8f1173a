// The yardstick of load.mjs: an HTTPS server that reads a body and says hello, with the key and
// certificate of the server that is measured.
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';

const [keyFile, certificateFile] = process.argv.slice(2);
const server = createSecureServer({
  key: readFileSync(keyFile),
  cert: readFileSync(certificateFile),
});
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.resume();
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end('{"hello":"world"}\n');
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

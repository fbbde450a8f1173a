// The yardstick of load.mjs: an HTTPS server that reads a body and says hello in as many bytes as a
// pod has, with the key and certificate of the server that is measured.
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';

const [keyFile, certificateFile] = process.argv.slice(2);
const hello = Buffer.from(`${JSON.stringify({ hello: 'x'.repeat(4000) })}\n`);
const server = createSecureServer({
  key: readFileSync(keyFile),
  cert: readFileSync(certificateFile),
  allowHTTP1: true,
});
server.on('request', (request, reply) => {
  request.resume();
  request.on('end', () => {
    reply.writeHead(200, { 'content-type': 'application/json', 'content-length': hello.length });
    reply.end(hello);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

// Readiness: the server accepts a session and is ready for queries (pg_isready is not in the
// package).
import { connect } from 'node:net';

const parameters = 'user\0postgres\0database\0postgres\0\0';
const startup = Buffer.alloc(8 + parameters.length);
startup.writeUInt32BE(startup.length, 0);
startup.writeUInt32BE(196608, 4); // protocol 3.0
startup.write(parameters, 8, 'latin1');

const socket = connect(5432, process.env.POD_IP, () => socket.write(startup));
let received = Buffer.alloc(0);
socket.on('data', (chunk) => {
  received = Buffer.concat([received, chunk]);
  for (let at = 0; at + 5 <= received.length; at += 1 + received.readUInt32BE(at + 1)) {
    const kind = String.fromCharCode(received[at]);
    if (kind === 'Z') process.exit(0);
    if (kind === 'E') process.exit(1);
  }
});
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));

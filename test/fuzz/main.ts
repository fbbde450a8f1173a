// Both sides of `npm run fuzz` (fuzz.mjs): the server's process, and the one that sends.
export { startFuzzServer } from './fuzz-server.ts';
export { runFuzz } from './run.ts';

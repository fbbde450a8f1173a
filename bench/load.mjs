// The API server under load, over HTTPS from another process: rates, latencies, memory, start-up.
// Rates stand beside those of a server that only says hello, measured in the same minute.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const CLIENTS = 32;
const PODS = 10_000;
/** Requests after which the compiler has seen enough. */
const WARM_UP = 4_000;
const WATCHERS = 1_000;
const at = (name) => fileURLToPath(new URL(name, import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'ordinal-load-'));
const data = join(directory, 'data');
const row = (name, text) => process.stdout.write(`${name.padEnd(58)} ${text}\n`);

async function up() {
  const none = ['--nodes', '0', '--controllers', '', '--port', '0', '--output', 'json'];
  const words = [at('../bin/ordinal.js'), 'up', '--data-dir', data, ...none];
  const startMs = performance.now();
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { child, startUpMs: performance.now() - startMs, ...JSON.parse(String(line)) };
}

async function stop({ child }) {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** CPU seconds that a process has used so far. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function startClient(options) {
  const child = spawn(process.execPath, [at('load-client.mjs'), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`the client ended with code ${code}`);
  });
  died.catch(() => {}); // at its end it does
  const data = async () => JSON.parse(String((await once(child.stdout, 'data'))[0]));
  const line = () => Promise.race([data(), died]);
  return { child, line };
}

/** Runs a client to its end. */
async function measure(target, work, more) {
  const { line, child } = startClient({ ...target, work, clients: CLIENTS, ...more });
  const ended = once(child, 'exit');
  const result = await line();
  await ended;
  return result;
}

async function hello(target) {
  const pki = (name) => join(data, 'pki', name);
  const child = spawn(process.execPath, [
    at('hello-server.mjs'),
    pki('apiserver.key'),
    pki('apiserver.crt'),
  ]);
  const [port] = await once(child.stdout, 'data');
  const server = `https://127.0.0.1:${String(port).trim()}`;
  const ask = async (work, more) => {
    await measure({ ...target, server }, work, { count: WARM_UP, ...more });
    return measure({ ...target, server }, work, { count: PODS, ...more });
  };
  const get = await ask('hello');
  const post = await ask('hello-post');
  const http2 = await ask('hello', { http2: true });
  child.kill();
  return { get, post, http2 };
}

function rate({ perSecond, medianMs, p99Ms }, yardstick) {
  const share = ((100 * perSecond) / yardstick.perSecond).toFixed(0);
  const times = `median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return `${perSecond.toFixed(0)}/s, ${times} = ${share} % of hello's ${yardstick.perSecond.toFixed(0)}/s`;
}

/** One event to many watchers: CPU time of the server. */
async function fanOut(target, { pid }) {
  const more = { count: WATCHERS, clients: 8, from: '', work: 'watch' };
  const { child, line } = startClient({ ...target, ...more, from: await revision(target) });
  await line();
  const beforeSeconds = cpuSeconds(pid);
  const events = 20;
  await measure(target, 'create', { count: events, first: PODS, clients: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1000)); // on their way
  const spentMs = ((cpuSeconds(pid) - beforeSeconds) * 1000) / events;
  const answer = line();
  child.stdin.write('end\n');
  const { events: seen } = await answer;
  child.kill();
  row(
    `one event to ${WATCHERS} watchers`,
    `${spentMs.toFixed(0)} ms of CPU (${seen} of ${events * WATCHERS} seen)`,
  );
}

/** One request outside of what is measured. */
async function ask({ server, caFile, token }, { method = 'GET', path, body }) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const options = { method, ca: readFileSync(caFile), headers };
  const [reply] = await once(request(server + path, options).end(body), 'response');
  let text = '';
  for await (const chunk of reply) text += chunk;
  return JSON.parse(text);
}

/** Resource version of now, as lists say it. */
async function revision(target) {
  return (await ask(target, { path: '/api/v1/namespaces?limit=1' })).metadata.resourceVersion;
}

/** Without controllers nobody makes the account that pods need. */
function createAccount(target) {
  const body = JSON.stringify({ metadata: { name: 'default' } });
  return ask(target, { method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts', body });
}

function targetOf({ server, kubeconfig }) {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8'));
  const caFile = join(directory, 'ca.crt');
  writeFileSync(caFile, Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64'));
  return { server, caFile, token: users[0].user.token };
}

async function main() {
  let server = await up();
  const target = targetOf(server);
  await createAccount(target);
  const yardstick = await hello(target);
  const name = (what) => `${what}, ${CLIENTS} clients`;
  const cold = await measure(target, 'create', { count: WARM_UP });
  row(name(`durable creates of 2 KiB pods, the first ${WARM_UP}`), rate(cold, yardstick.post));
  const warm = await measure(target, 'create', { count: PODS - WARM_UP, first: WARM_UP });
  row(
    name(`durable creates of 2 KiB pods, the next ${PODS - WARM_UP}`),
    rate(warm, yardstick.post),
  );
  await measure(target, 'get', { count: WARM_UP });
  row(name('gets'), rate(await measure(target, 'get', { count: PODS }), yardstick.get));
  await measure(target, 'get', { count: WARM_UP, http2: true });
  const gets = await measure(target, 'get', { count: PODS, http2: true });
  row(name('gets by HTTP/2'), rate(gets, yardstick.http2));
  const lists = await measure(target, 'list', { count: 9, clients: 1 });
  row(`list of ${PODS} pods`, `${lists.medianMs.toFixed(0)} ms`);
  await fanOut(target, server);
  await stop(server);
  server = await up();
  row(`start-up with ${PODS} pods`, `${server.startUpMs.toFixed(0)} ms`);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // idle
  row(`resident memory with ${PODS} pods`, `${residentMiB(server.pid).toFixed(0)} MiB`);
  await stop(server);
}

try {
  await main();
} finally {
  spawnSync(process.execPath, [at('../bin/ordinal.js'), 'down', '--data-dir', data, '--wipe']);
  rmSync(directory, { recursive: true, force: true });
}

#!/usr/bin/env node
/**
 * Runs a real single-node Apache Kafka (KRaft) on the loopback interface, from the jars that infra/kafka/pom.xml names
 * (Java 17 and Maven) or else from the official container image.
 *
 *   npm run kafka                          in the foreground; Ctrl-C stops it
 *   npm run kafka -- start --background    returns when the broker is ready
 *   npm run kafka -- stop | status
 *
 * Options: --port N (default 9092; 0 takes a free one), --name NAME (a second broker beside the first),
 * --proxied (a second listener that advertises a port of its own, for tests that cut connections),
 * --owner PID (stops when that process ends), --ephemeral (removes the data when it stops),
 * --secured (TLS throughout, SCRAM-SHA-512 on the port and client certificates on another, ACLs; needs openssl).
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { clusterId } from './kafka-cluster-id.mjs';
import {
  prepareSecurity,
  scramArguments,
  securityHint,
  securitySettings,
  writeAclTool,
  writeToolSettings,
} from './kafka-security.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const infra = join(root, 'infra', 'kafka');
const startDeadlineMs = 90_000;
const stopDeadlineMs = 20_000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    background: { type: 'boolean', default: false },
    port: { type: 'string', default: '9092' },
    name: { type: 'string', default: 'default' },
    proxied: { type: 'boolean', default: false },
    owner: { type: 'string' },
    ephemeral: { type: 'boolean', default: false },
    secured: { type: 'boolean', default: false },
  },
});
const home = join(root, '.kafka', options.name);
const stateFile = join(home, 'broker.json');
const logFile = join(home, 'broker.log');
const security = join(home, 'security');
const version = /<kafka\.version>([^<]+)</.exec(readFileSync(join(infra, 'pom.xml'), 'utf8'))?.[1];

const commands = { start, stop, status };
const command = commands[positionals[0] ?? 'start'];
if (command === undefined || positionals.length > 1) fail(`unknown command; use start, stop or status`);
await command();

async function start() {
  const running = readState();
  if (running !== undefined) {
    if (running.ready) return say(`Kafka is running already at ${addressOf(running)} (process ${running.pid}).`);
    fail('another start is under way; wait for it or run `npm run kafka -- stop`.');
  }
  if (options.background) return startInBackground();
  mkdirSync(home, { recursive: true });
  const runtime = chooseRuntime();
  const ports = await choosePorts();
  const state = { pid: process.pid, ready: false, version, runtime: runtime.name, ...ports };
  if (options.secured) {
    prepareSecurity(security);
    writeToolSettings(security);
  }
  writeState(state);
  const broker = runtime.run(ports);
  writeState({ ...state, brokerPid: broker.child.pid });
  const log = openSync(logFile, 'w');
  await supervise(broker, log, ports);
}

async function startInBackground() {
  const args = process.argv.slice(2).filter((argument) => argument !== '--background');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], { detached: true, stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', (code) => done(code ?? 1)));
  child.unref();
  const deadline = Date.now() + startDeadlineMs + 300_000; // the first start also fetches the jars
  for (;;) {
    const code = await Promise.race([ended, sleep(100)]);
    if (code !== undefined) fail(`the broker ended with status ${code}; see ${logFile}`);
    const state = readState();
    if (state?.ready) {
      say(`Kafka ${version} is ready at ${addressOf(state)}.`);
      if (options.secured) say(securityHint(security, state));
      return;
    }
    if (Date.now() > deadline) fail(`the broker did not become ready; see ${logFile}`);
  }
}

async function stop() {
  const state = readState();
  if (state === undefined) return say('Kafka is not running.');
  process.kill(state.pid, 'SIGTERM');
  for (const deadline = Date.now() + stopDeadlineMs + 5_000; Date.now() < deadline; ) {
    if (!isAlive(state.pid)) return say('Kafka is stopped.');
    await sleep(100);
  }
  fail(`process ${state.pid} did not end in time.`);
}

async function status() {
  const state = readState();
  if (state === undefined) {
    say('Kafka is not running.');
    process.exitCode = 1;
    return;
  }
  say(`Kafka ${state.version} (${state.runtime}) ${state.ready ? 'is ready' : 'is starting'} at ${addressOf(state)}.`);
}

/** Waits for readiness, then until a signal, the owner's end or the broker's own end; leaves no process behind. */
async function supervise(broker, log, ports) {
  let output = '';
  let ready;
  const becameReady = new Promise((done) => {
    ready = done;
  });
  const ended = new Promise((done) => broker.child.once('exit', (code, signal) => done(code ?? signal)));
  for (const stream of [broker.child.stdout, broker.child.stderr]) {
    stream.on('data', (bytes) => {
      writeFileSync(log, bytes);
      output = (output + bytes).slice(-4_096);
      if (/Kafka Server started/.test(output)) ready(true);
    });
  }
  let stopping = false;
  const shutDown = () => {
    if (stopping) return;
    stopping = true;
    broker.stop();
    setTimeout(() => broker.child.kill('SIGKILL'), stopDeadlineMs).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, shutDown);
  if (options.owner !== undefined) {
    setInterval(() => isAlive(Number(options.owner)) || shutDown(), 500).unref();
  }
  const first = await Promise.race([
    becameReady,
    ended.then(() => false),
    sleep(startDeadlineMs, 'late', { ref: false }),
  ]);
  if (first === true) {
    writeState({ ...readState(), ready: true });
    say(`Kafka ${version} is ready at ${addressOf(ports)}; data and log in ${home}. Ctrl-C stops it.`);
    if (options.secured) say(securityHint(security, ports));
  } else if (first === 'late') {
    shutDown();
  }
  const result = await ended;
  closeSync(log);
  rmSync(stateFile, { force: true });
  if (options.ephemeral) rmSync(home, { recursive: true, force: true });
  if (!stopping || first === 'late')
    fail(`the broker ended by itself (${result}); see ${logFile}\n${output.slice(-1_500)}`);
  process.exit(0);
}

function chooseRuntime() {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const release = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  const maven = spawnSync('mvn', ['--version'], { stdio: 'ignore' });
  if (release >= 17 && maven.status === 0) return { name: 'Java', run: runJava };
  const docker = spawnSync('docker', ['info'], { stdio: 'ignore' });
  if (options.secured) fail('--secured needs Java 17 and Maven.');
  if (docker.status === 0) return { name: 'Docker', run: runDocker };
  fail(
    'neither Java 17 with Maven nor Docker is here. Install one of them (Debian: `apt install openjdk-17-jre-headless ' +
      'maven`), or point KAFKA_BROKERS at a broker. SDP runs without Kafka too: leave KAFKA_BROKERS unset.',
  );
}

/** A certificate is for a name; without one the address does. */
function addressOf({ port, mtlsPort }) {
  return mtlsPort === undefined ? `127.0.0.1:${port}` : `localhost:${port} (certificates: localhost:${mtlsPort})`;
}

function runJava(ports) {
  const classpath = resolveJars();
  const data = join(home, 'data');
  const config = join(home, 'server.properties');
  const own = options.secured ? securitySettings(security, ports) : listenerSettings(ports);
  writeFileSync(config, propertiesText({ ...own, 'log.dirs': data }));
  const java = (args, stdio) => [
    'java',
    ['-cp', classpath, `-Dlog4j2.configurationFile=${join(infra, 'log4j2.properties')}`, ...args],
    { stdio, encoding: 'utf8' },
  ];
  if (!existsSync(join(data, 'meta.properties'))) {
    const id = clusterId();
    const users = options.secured ? scramArguments(security) : [];
    if (options.secured) writeAclTool(join(home, 'bin'), classpath);
    const format = spawnSync(
      ...java(['kafka.tools.StorageTool', 'format', '--standalone', '-t', id, '-c', config, ...users], 'pipe'),
    );
    if (format.status !== 0) fail(`the data folder could not be prepared:\n${format.stdout}${format.stderr}`);
  }
  const heap = (process.env.KAFKA_HEAP_OPTS ?? '-Xms256m -Xmx512m').split(' ');
  // A process group of its own: Ctrl-C in the terminal reaches us alone, and we stop the broker in order.
  const [file, args, spawnOptions] = java([...heap, 'kafka.Kafka', config], ['ignore', 'pipe', 'pipe']);
  // Where Linux offers it, the broker also ends when we are killed and can't stop it.
  const bound = spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' }).status === 0;
  const [program, ...rest] = bound ? ['setpriv', '--pdeathsig', 'TERM', file, ...args] : [file, ...args];
  const child = spawn(program, rest, { ...spawnOptions, detached: true });
  return { child, stop: () => child.kill('SIGTERM') };
}

/** Class path of the broker; Maven is asked only when the pom changed since. */
function resolveJars() {
  const pom = readFileSync(join(infra, 'pom.xml'), 'utf8');
  const cache = join(root, '.kafka', 'classpath.json');
  try {
    const known = JSON.parse(readFileSync(cache, 'utf8'));
    if (known.pom === pom && known.classpath.split(':').every((jar) => existsSync(jar))) return known.classpath;
  } catch {
    // Not resolved yet.
  }
  say('Fetching the jars of Apache Kafka from Maven Central (once)…');
  const output = join(home, 'classpath.txt');
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath';
  const args = ['-B', '-q', '-f', join(infra, 'pom.xml'), goal, `-Dmdep.outputFile=${output}`];
  const maven = spawnSync('mvn', [...args, '-Dmdep.includeScope=runtime'], { encoding: 'utf8' });
  if (maven.status !== 0) fail(`Maven could not fetch the jars:\n${maven.stdout}${maven.stderr}`);
  const classpath = readFileSync(output, 'utf8').trim();
  writeFileAtomically(cache, JSON.stringify({ pom, classpath }));
  return classpath;
}

function runDocker(ports) {
  const name = `sdp-kafka-${options.name}`;
  const inside = {
    ...fileSettings(),
    listeners: 'PLAINTEXT://:9092,PROXIED://:9094,CONTROLLER://:9093',
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.port},PROXIED://127.0.0.1:${ports.proxied.advertised}`,
    'controller.quorum.voters': '1@localhost:9093',
    'log.dirs': '/var/lib/kafka/data',
  };
  const environment = Object.entries(inside).flatMap(([key, value]) => [
    '--env',
    `KAFKA_${key.toUpperCase().replaceAll('.', '_')}=${value}`,
  ]);
  const publish = ['--publish', `127.0.0.1:${ports.port}:9092`, '--publish', `127.0.0.1:${ports.proxied.target}:9094`];
  const volume = options.ephemeral ? [] : ['--volume', `${name}:/var/lib/kafka/data`];
  const image = `apache/kafka:${version}`;
  const args = ['run', '--rm', '--name', name, ...publish, ...volume, ...environment, image];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  return { child, stop: () => spawn('docker', ['stop', '--time', '15', name], { stdio: 'ignore' }) };
}

function listenerSettings({ port, controllerPort, proxied }) {
  return {
    listeners: `PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${proxied.target},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},PROXIED://127.0.0.1:${proxied.advertised}`,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
  };
}

function fileSettings() {
  const lines = readFileSync(join(infra, 'server.properties'), 'utf8').split('\n');
  const settings = lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2));
  return Object.fromEntries(settings);
}

function propertiesText(extra) {
  return Object.entries({ ...fileSettings(), ...extra })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function choosePorts() {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) fail('--port takes a number from 0 to 65535.');
  // All are held open until each is known, so that no two are the same.
  const servers = await Promise.all([port, 0, 0, 0].map(listen));
  const [plain, controllerPort, target, advertised] = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  if (options.secured) return { port: plain, controllerPort, mtlsPort: target };
  // Nobody listens at `advertised` unless a test puts its proxy there.
  return { port: plain, controllerPort, proxied: { target, advertised: options.proxied ? advertised : target } };
}

function listen(port) {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => fail(`port ${port} is taken; choose another with --port.`));
    server.listen(port, '127.0.0.1', () => done(server));
  });
}

function readState() {
  try {
    const state = JSON.parse(readFileSync(stateFile, 'utf8'));
    return isAlive(state.pid) ? state : undefined;
  } catch {
    return undefined;
  }
}

function writeState(state) {
  writeFileAtomically(stateFile, JSON.stringify(state));
}

function writeFileAtomically(file, text) {
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function say(line) {
  console.log(line);
}

function fail(line) {
  console.error(`kafka: error: ${line}`);
  process.exit(1);
}

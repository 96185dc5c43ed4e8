import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = join(import.meta.dirname, '../../server/bin/sdp-server.js');

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Starts API and workers in one process on the embedded database, and waits until every dependency answers. */
export async function startServer(options: {
  serverKey: string;
  apiKey: string;
  serverData: string;
  serverLog: string;
  signal: AbortSignal;
}): Promise<RunningServer> {
  const port = await freePort();
  const log = openSync(options.serverLog, 'w', 0o600);
  // Only what the server needs: above all not the client's key, should the caller's shell have one set.
  const { SDP_CRYPTO_KEY: _clientKey, DB_DSN: _dsn, KAFKA_BROKERS: _brokers, ...inherited } = process.env;
  const child = spawn(process.execPath, [program, 'serve'], {
    env: {
      ...inherited,
      SDP_ENV: 'dev',
      SDP_PORT: String(port),
      SDP_DATA_DIR: options.serverData,
      SDP_CRYPTO_KEY_FILE: options.serverKey,
      SDP_API_KEY: readFileSync(options.apiKey, 'utf8').trim(),
      SDP_CLIENT_ID: 'demo',
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(url, child, options.signal);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { url, stop: () => stop(child) };
}

async function untilReady(url: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}`);
    const ready = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await sleep(150, undefined, { signal });
  }
  throw new Error('the server was not ready within a minute');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(forced);
}

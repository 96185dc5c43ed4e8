import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SkippedKafka } from './kafka.ts';

/** A broker that one test file has to itself, and may kill. */
export interface KillableKafka {
  readonly broker: string;
  /** Ends it with SIGKILL; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; resolves when it is ready. */
  startAgain(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

interface BrokerState {
  readonly brokerPid: number;
  readonly port: number;
  readonly runtime: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = join(root, 'scripts', 'kafka.mjs');

/**
 * Starts a broker of the test file's own, which no other file sees: also where `KAFKA_BROKERS` names one, as that one is not
 * ours to kill. It ends with the process of the test file at the latest.
 */
export async function startKillableKafka(): Promise<KillableKafka | SkippedKafka> {
  if (process.env['SDP_TEST_KAFKA'] === 'skip') return { skipped: 'SDP_TEST_KAFKA is "skip".' };
  const name = `killable-${process.pid}`;
  const home = join(root, '.kafka', name);
  const stateFile = join(home, 'broker.json');
  const state = () => JSON.parse(readFileSync(stateFile, 'utf8')) as BrokerState;
  const remove = async () => {
    await runScript(['stop', '--name', name]);
    rmSync(home, { recursive: true, force: true });
  };
  const start = (port: number) =>
    runScript(['start', '--background', '--port', String(port), '--name', name, '--owner', String(process.pid)]);
  try {
    await start(0);
    // The process we know there is Docker's client, and its end is not the broker's.
    if (state().runtime !== 'Java') throw new Error('a broker can be killed only where it runs by Java and Maven.');
  } catch (error) {
    await remove();
    const reason = error instanceof Error ? error.message : String(error);
    if (process.env['SDP_REQUIRE_KAFKA'] === '1') throw new Error(`SDP_REQUIRE_KAFKA is set, but ${reason}`);
    process.stderr.write(`Kafka tests skipped: ${reason}\n`);
    return { skipped: reason };
  }
  const { port } = state();
  return {
    broker: `127.0.0.1:${port}`,
    kill: async () => {
      process.kill(state().brokerPid, 'SIGKILL');
      // The script removes it when it has seen the end.
      while (existsSync(stateFile)) await sleep(20);
    },
    startAgain: () => start(port),
    remove,
  };
}

/** @throws with the first line that the script complains with */
async function runScript(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (bytes) => {
    complaint += bytes;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(complaint.split('\n')[0] || 'the broker could not be started.');
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface TestKafka {
  readonly brokers: readonly string[];
  /** A second way to the broker: it tells clients to come to `advertised`, where a proxy to `target` may stand. */
  readonly proxied?: { readonly target: number; readonly advertised: number };
  stop(): Promise<void>;
}

export interface SkippedKafka {
  readonly skipped: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = join(root, 'scripts', 'kafka.mjs');
const startDeadlineMs = 180_000;

/**
 * The broker for tests: that of `KAFKA_BROKERS`, else one of our own where Java and Maven (or Docker) are there. One broker
 * serves the whole run; it ends with the test runner and leaves no data behind. With `SDP_REQUIRE_KAFKA=1` not having one
 * is a failure.
 */
export async function startTestKafka(): Promise<TestKafka | SkippedKafka> {
  // For a run whose Kafka tests come in a stage of their own.
  if (process.env['SDP_TEST_KAFKA'] === 'skip') return { skipped: 'SDP_TEST_KAFKA is "skip".' };
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given.split(','), stop: async () => undefined };
  const started = await startOnce('test', ['--proxied']);
  if ('skipped' in started) return started;
  const { port, proxied } = started.state as { port: number; proxied: NonNullable<TestKafka['proxied']> };
  return { brokers: [`127.0.0.1:${port}`], proxied, stop: async () => undefined };
}

/**
 * Starts a broker by `scripts/kafka.mjs` that serves the whole run; the first caller starts it, the others find it.
 *
 * @param kind the beginning of its name, which its `flags` belong to
 */
export async function startOnce(
  kind: string,
  flags: readonly string[],
): Promise<{ readonly home: string; readonly state: unknown } | SkippedKafka> {
  // The runner's process, which all test files of a run have as their parent.
  const owner = process.ppid;
  const name = `${kind}-${owner}`;
  const home = join(root, '.kafka', name);
  const lock = join(root, '.kafka', `${name}.lock`);
  try {
    mkdirSync(join(root, '.kafka'), { recursive: true });
    if (claim(lock)) {
      try {
        await startBroker(name, owner, flags);
      } finally {
        rmSync(lock, { recursive: true, force: true });
      }
    }
    return { home, state: await findBroker(home, lock) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (process.env['SDP_REQUIRE_KAFKA'] === '1') throw new Error(`SDP_REQUIRE_KAFKA is set, but ${reason}`);
    const skipped = `${reason} To run them: set KAFKA_BROKERS, or install Java 17 and Maven.`;
    if (claim(join(tmpdir(), `sdp-kafka-skipped-${owner}`))) process.stderr.write(`Kafka tests skipped: ${skipped}\n`);
    return { skipped };
  }
}

/** True for whoever makes the folder first. */
function claim(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

async function startBroker(name: string, owner: number, flags: readonly string[]): Promise<void> {
  const args = [script, 'start', '--background', '--port', '0', '--name', name, '--ephemeral', ...flags];
  const child = spawn(process.execPath, [...args, '--owner', String(owner)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (bytes) => {
    complaint += bytes;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(complaint.split('\n')[0] || 'the broker could not be started.');
}

async function findBroker(home: string, lock: string): Promise<unknown> {
  for (const deadline = Date.now() + startDeadlineMs; Date.now() < deadline; await sleep(100)) {
    if (existsSync(lock)) continue;
    return JSON.parse(readFileSync(join(home, 'broker.json'), 'utf8')) as unknown;
  }
  throw new Error('the broker did not start in time.');
}

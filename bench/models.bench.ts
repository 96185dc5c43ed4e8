import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMasterKey } from '@sdp/shared/crypto';
import { deriveMessageKeys, KeyRing, SecurityManager } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { freePort, spawnServer, untilReady } from '../scripts/demo/server-process.ts';
import { EmbeddedBus } from '../server/src/bus/index.ts';
import { applyMigrations, createPool, type Pool, startEmbeddedPostgres } from '../server/src/database/index.ts';
import {
  createDeploymentUpdates,
  createModelRegistry,
  generateModelKeyPair,
  parseModelPrivateKey,
  promotion,
  readShippedModel,
  signPackage,
} from '../server/src/models/index.ts';
import { markdownTable, median } from './measure.ts';

/** Transactions a second while models are swapped, and how many go into one request. */
const rate = 300;
const perRequest = 10;
const workers = 3;

interface Swap {
  /** From before the deployment is recorded until the last worker has said that it runs it, by the database's clock. */
  readonly allMs: number;
  /** The slowest worker's, from hearing of it until it decides: package read, verified, opened, tried out. */
  readonly slowestMs: number;
}

/** Time until all workers decide by a new model, under load: API, all stages, and two more workers that score. */
export async function benchModels({ swaps }: { swaps: number }): Promise<string> {
  const folder = mkdtempSync('/tmp/sdp-bench-models-');
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data') });
  await applyMigrations(postgres.dsn);
  const pool = createPool({ dsn: postgres.dsn, applicationName: 'sdp-bench', maxConnections: 4 });
  const serverKey = randomBytes(32).toString('base64url');
  const signing = generateModelKeyPair();
  const apiKey = randomBytes(32).toString('base64url');
  const port = await freePort();
  const environment = {
    PATH: process.env['PATH'],
    DB_DSN: postgres.dsn,
    SDP_PORT: String(port),
    SDP_CRYPTO_KEY: serverKey,
    SDP_API_KEY: apiKey,
    SDP_CLIENT_ID: 'bench',
    SDP_RATE_LIMIT_PER_MINUTE: '1000000',
    SDP_MODEL_TRUSTED_KEYS: signing.publicKeyText,
    SDP_LOG_LEVEL: 'warn',
  };
  const started = Array.from({ length: workers }, (_, i) =>
    spawnServer({
      command: i === 0 ? ['serve'] : ['worker', '--role', 'transaction-score'],
      environment,
      logPath: join(folder, `server-${i}.log`),
    }),
  );
  const bus = new EmbeddedBus({ pool, dsn: postgres.dsn, logger: pino({ level: 'silent' }), retentionDays: 1 });
  const url = `http://127.0.0.1:${port}`;
  try {
    if (started[0]) await untilReady(url, started[0], AbortSignal.timeout(60_000));
    const masterKey = parseMasterKey(serverKey);
    const registry = createModelRegistry(pool, masterKey);
    const keys = new KeyRing(deriveMessageKeys(masterKey, { party: 'sdp-server', generation: 1 }));
    const updates = createDeploymentUpdates({
      bus,
      security: new SecurityManager({ keys }),
      onRefused: () => undefined,
    });
    // Three in turn: the one to come is never open anywhere.
    const versions = ['bench-a', 'bench-b', 'bench-c'];
    const shipped = await readShippedModel();
    for (const version of versions) {
      const manifest = JSON.parse(Buffer.from(shipped.files.get('ensemble.json') ?? []).toString('utf8'));
      const files = new Map(shipped.files).set('ensemble.json', Buffer.from(JSON.stringify({ ...manifest, version })));
      await registry.versions.add(signPackage(files, parseModelPrivateKey(signing.privateKeyPem)), 'bench');
    }
    await untilWorkers(pool, 1);
    const load = startLoad(url, apiKey);
    await sleep(3_000);
    const done: Swap[] = [];
    for (let i = 0; i < swaps; i++) {
      const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
      const current = (await registry.deployments.latest())?.deployment;
      if (current === undefined) throw new Error('nothing is deployed');
      const plan = promotion(current, { version: versions[i % 3] as string, role: 'champion' }, '0'.repeat(32));
      const made = await registry.deployments.record(current.generation, plan, { reason: 'bench', madeBy: 'bench' });
      await updates.announce(made);
      done.push(await untilTaken(pool, made.generation, rows[0]?.now ?? new Date()));
      await sleep(700);
    }
    const sent = await load.stop();
    await untilDecided(pool, sent);
    const versionsSeen = await versionsThatDecided(pool);
    const row = (what: string, of: (swap: Swap) => number) => {
      const times = done.map(of).toSorted((a, b) => a - b);
      return [what, median(times).toFixed(0), (times.at(-1) ?? 0).toFixed(0)];
    };
    return `${markdownTable(
      [`${swaps} swaps, ${workers} workers, ${rate} transactions/s`, 'median ms', 'longest ms'],
      [
        row('recorded → all workers decide by it', ({ allMs }) => allMs),
        row('slowest worker: heard → decides', ({ slowestMs }) => slowestMs),
      ],
    )}\n\n${sent.toLocaleString('en-US')} transactions sent and each decided once, by ${versionsSeen} versions; answers p99 ${load.p99Ms().toFixed(0)} ms.`;
  } finally {
    await Promise.all(started.map((server) => server.stop()));
    await bus.close();
    await pool.end();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilWorkers(pool: Pool, generation: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { rows } = await pool.query('SELECT 1 FROM model_ack WHERE generation = $1', [generation]);
    if (rows.length === workers) return;
    if (Date.now() > deadline) throw new Error('not all workers have started');
    await sleep(100);
  }
}

async function untilTaken(pool: Pool, generation: number, since: Date): Promise<Swap> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { rows } = await pool.query<{ state: string; swap_ms: number; at: Date }>(
      'SELECT state, swap_ms, acknowledged_at AS at FROM model_ack WHERE generation = $1',
      [generation],
    );
    if (rows.some(({ state }) => state === 'failed')) throw new Error('a worker could not load the model');
    if (rows.length === workers) {
      return {
        allMs: Math.max(...rows.map(({ at }) => at.getTime())) - since.getTime(),
        slowestMs: Math.max(...rows.map(({ swap_ms }) => swap_ms)),
      };
    }
    if (Date.now() > deadline) throw new Error('not all workers have answered');
    await sleep(10);
  }
}

function startLoad(url: string, apiKey: string) {
  let isStopped = false;
  let sent = 0;
  const times: number[] = [];
  const pending = new Set<Promise<void>>();
  const send = async (): Promise<void> => {
    const transactions = Array.from({ length: perRequest }, () => {
      const i = sent++;
      return {
        transaction_id: `bench-${i}`,
        occurred_at: new Date().toISOString(),
        amount: (i % 200) + 0.5,
        currency: 'EUR',
        customer: `tok_${(i % 5_000).toString(16).padStart(32, '0')}`,
        terminal: `tok_${(i % 999).toString(16).padStart(32, 'f')}`,
      };
    });
    const begun = performance.now();
    const response = await fetch(`${url}/api/v1/transactions`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ transactions }),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    times.push(performance.now() - begun);
  };
  const running = (async () => {
    const begun = performance.now();
    for (let request = 0; !isStopped; request++) {
      await sleep(Math.max(0, begun + (request * perRequest * 1_000) / rate - performance.now()));
      const one = send().finally(() => pending.delete(one));
      pending.add(one);
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await running;
      await Promise.all(pending);
      return sent;
    },
    p99Ms: () => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0,
  };
}

async function untilDecided(pool: Pool, sent: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM transaction_decision');
    if (Number(rows[0]?.count) === sent) return;
    if (Date.now() > deadline) throw new Error(`${rows[0]?.count} of ${sent} transactions have a decision`);
    await sleep(100);
  }
}

async function versionsThatDecided(pool: Pool): Promise<number> {
  const { rows } = await pool.query('SELECT DISTINCT model_version FROM transaction_decision');
  return rows.length;
}

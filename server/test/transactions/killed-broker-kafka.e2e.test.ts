import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from '@sdp/shared/contracts';
import { deadLetterTopic } from '@sdp/shared/messaging';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type ServerProcess, spawnServer, untilReady } from '../../../scripts/demo/server-process.ts';
import { takeBrokerTurn } from '../../../test/support/broker-turn.ts';
import { startKillableKafka } from '../../../test/support/killable-kafka.ts';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { KafkaBus } from '../../src/bus/kafka/index.ts';
import { transactionStages, transactionTopics } from '../../src/transactions/index.ts';
import { aTransaction, token } from './support/pipeline.ts';

/** Times that the broker is killed; more with SDP_KILL_ROUNDS. */
const rounds = Number(process.env['SDP_KILL_ROUNDS'] ?? 1);
const sendEveryMs = 40;
const burst = 60;
const apiKey = 'an-api-key-for-this-test-0123456789';
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** What a client was told about one transaction, in order. */
interface Told {
  readonly transaction: Transaction;
  readonly statuses: number[];
  /** Answers with a decision, byte for byte. */
  readonly decisions: string[];
}

const kafka = await startKillableKafka();

describe.skipIf('skipped' in kafka)('transactions while the broker is killed', () => {
  if ('skipped' in kafka) return;
  let giveBack: (() => void) | undefined;
  let database: TestDatabase;
  let folder: string;
  let url: string;
  const running = new Map<string, ServerProcess>();

  beforeAll(async () => {
    giveBack = await takeBrokerTurn();
    database = await startTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'sdp-kill-broker-'));
    url = `http://127.0.0.1:${await freePort()}`;
    const api = launch('api', ['api']);
    await untilReady(url, api, AbortSignal.timeout(60_000));
    launch(
      'worker',
      transactionStages.flatMap((stage) => ['--role', `transaction-${stage}`]),
    );
  }, 400_000);
  afterAll(async () => {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await Promise.all([database?.stop(), kafka.remove()]);
    rmSync(folder, { recursive: true, force: true });
    giveBack?.();
  }, 60_000);

  function launch(name: 'api' | 'worker', options: readonly string[]): ServerProcess {
    const started = spawnServer({
      command: name === 'api' ? ['api'] : ['worker', ...options],
      environment: {
        PATH: process.env['PATH'],
        DB_DSN: database.dsn,
        SDP_CRYPTO_KEY: Buffer.alloc(32, 9).toString('base64url'),
        SDP_API_KEY: apiKey,
        SDP_CLIENT_ID: 'acme',
        SDP_PORT: new URL(url).port,
        SDP_DATA_DIR: join(folder, 'server'),
        SDP_LOG_LEVEL: 'info',
        SDP_RATE_LIMIT_PER_MINUTE: '100000',
        SDP_TOPIC_PARTITIONS: '3',
        KAFKA_BROKERS: 'broker' in kafka ? kafka.broker : '',
        KAFKA_TRANSACTIONS: process.env['KAFKA_TRANSACTIONS'],
      },
      logPath: join(folder, `${name}.log`),
    });
    running.set(name, started);
    return started;
  }

  const customers = Array.from({ length: 20 }, token);
  const terminals = Array.from({ length: 10 }, token);
  const told = new Map<string, Told>();
  /** Statuses of all answers, in the order of time. */
  const answered: number[] = [];

  function ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(url + path, {
      ...init,
      headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(60_000),
    });
  }

  /** The API is never killed: it answers whatever it is asked. @returns whether it took the transaction */
  async function post({ transaction, statuses, decisions }: Told): Promise<boolean> {
    const response = await ask('/api/v1/transactions?wait_ms=1000', {
      method: 'POST',
      body: JSON.stringify(transaction),
    });
    const text = await response.text();
    statuses.push(response.status);
    answered.push(response.status);
    expect([200, 202, 503], text).toContain(response.status);
    if (response.status !== 200) expect(response.headers.get('retry-after'), text).toMatch(/^\d+$/);
    if (response.status === 503) {
      expect(JSON.parse(text)).toMatchObject({ code: 'bus-unavailable' });
      return false;
    }
    if (response.status === 200) decisions.push(text);
    return true;
  }

  /** Sends a transaction until it is taken, as a client would. */
  async function send(i: number): Promise<void> {
    const transaction = aTransaction({
      customer: customers[i % 20] as string,
      terminal: terminals[i % 10] as string,
      amount: i % 17 === 0 ? 800 : 20,
    });
    const mine: Told = { transaction, statuses: [], decisions: [] };
    told.set(transaction.transaction_id, mine);
    for (const deadline = Date.now() + 120_000; !(await post(mine)); await sleep(500)) {
      if (Date.now() > deadline) throw new Error('a transaction was never taken');
    }
  }

  it('decides each accepted transaction exactly once', async () => {
    let isSending = true;
    const sending: Promise<void>[] = [];
    const sendOne = () => void sending.push(send(sending.length));
    const sender = (async () => {
      while (isSending) {
        sendOne();
        await sleep(sendEveryMs);
      }
      await Promise.all(sending);
    })();
    // Whatever fails is told by the await below.
    sender.catch(() => undefined);
    await untilDecidedAgain();
    for (let round = 0; round < rounds; round++) {
      // So many at once that the stages have some in hand.
      for (let n = 0; n < burst; n++) sendOne();
      await sleep(Math.random() * 80);
      await kafka.kill();
      const before = answered.length;
      await kafka.startAgain();
      expect(answered.slice(before)).toContain(503);
      await untilDecidedAgain();
      if (round + 1 < rounds) await sleep(Math.random() * 3_000);
    }
    isSending = false;
    await sender;

    await untilAllStored();
    for (const [id, mine] of told) {
      const response = await ask(`/api/v1/transactions/${id}`);
      mine.decisions.push(await response.text());
      // Sent once more, as by a client that lost the answer.
      if (mine.statuses.some((status) => status !== 200)) expect(await post(mine)).toBe(true);
      expect(new Set(mine.decisions).size, mine.decisions.join('\n')).toBe(1);
      expect(mine.decisions[0]).toContain('DECIDED');
    }
    await checkTables();
    await checkDeadLetters();
    checkLogs();
  }, 600_000);

  /** Waits until a transaction that is sent from now on is decided at once, and a second longer. */
  async function untilDecidedAgain(): Promise<void> {
    const before = told.size;
    for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
      const later = [...told.values()].slice(before);
      if (later.some((each) => each.statuses.includes(200))) break;
      if (Date.now() > deadline) throw new Error('nothing was decided within a minute');
    }
    await sleep(1_000);
  }

  async function query(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: database.dsn });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function untilAllStored(): Promise<void> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(200)) {
      const [counts] = await query(
        `SELECT (SELECT count(*)::int FROM transaction_decision) AS decided,
          (SELECT count(*)::int FROM transaction_unpublished) AS unpublished`,
      );
      if (counts?.['decided'] === told.size && counts['unpublished'] === 0) return;
    }
    throw new Error('not all transactions were decided within a minute');
  }

  async function checkTables(): Promise<void> {
    const ids = (await query('SELECT transaction_id FROM transaction_decision')).map((row) => row['transaction_id']);
    expect(ids.sort()).toEqual([...told.keys()].sort());
    const [audit] = await query(
      `SELECT count(*)::int AS n, count(DISTINCT subject)::int AS subjects FROM audit_event WHERE action = 'transaction.decided'`,
    );
    expect(audit).toEqual({ n: told.size, subjects: told.size });
  }

  /** The broker is this test's own: whatever lies there was put there by it. */
  async function checkDeadLetters(): Promise<void> {
    const bus = new KafkaBus({ brokers: 'broker' in kafka ? [kafka.broker] : [], clientId: 'test', logger });
    try {
      for (const topic of Object.values(transactionTopics)) {
        const letters = await bus.lag(deadLetterTopic(topic), `test-${randomUUID()}`);
        expect(letters, topic).toMatchObject([{ partition: 0, lag: 0n }]);
      }
    } finally {
      await bus.close();
    }
  }

  /** A broker that is away is nobody's mistake, and is called what it is. */
  function checkLogs(): void {
    for (const name of running.keys()) {
      const lines = readFileSync(join(folder, `${name}.log`), 'utf8').split('\n');
      const entries = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
      expect(entries.filter(({ level, code }) => level === 'error' || code === 'internal')).toEqual([]);
      expect(entries).toContainEqual(expect.objectContaining({ level: 'warn' }));
    }
  }
});

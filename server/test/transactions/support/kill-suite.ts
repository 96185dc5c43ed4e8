import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from '@sdp/shared/contracts';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, type ServerProcess, spawnServer, untilReady } from '../../../../scripts/demo/server-process.ts';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { type Answer, aTransaction, token } from './pipeline.ts';

/** Rounds in which each process is killed once; more with SDP_KILL_ROUNDS, for hours. */
const rounds = Number(process.env['SDP_KILL_ROUNDS'] ?? 1);
const apiKey = 'an-api-key-for-this-test-0123456789';
const stages = ['enrich', 'embed', 'score', 'decide'] as const;
type ProcessName = 'serve' | 'api' | (typeof stages)[number];

/** Which processes there are, in the order in which they start and are killed. */
const layouts = {
  apart: { start: ['api', ...stages], kill: ['score', 'api', 'enrich', 'decide', 'embed'], pauseMs: 500 },
  together: { start: ['serve'], kill: ['serve', 'serve', 'serve'], pauseMs: 4_000 },
} as const;

/** API and each stage as a process of its own, or all in one; killed one after the other while transactions come in. */
export function killSuite(
  layout: keyof typeof layouts,
  brokers: () => readonly string[] | undefined = () => undefined,
): void {
  const processes = layouts[layout];
  let database: TestDatabase;
  let folder: string;
  let url: string;
  const running = new Map<ProcessName, ServerProcess>();

  function launch(name: ProcessName): ServerProcess {
    const given = brokers();
    const started = spawnServer({
      command: name === 'api' || name === 'serve' ? [name] : ['worker', '--role', `transaction-${name}`],
      environment: {
        PATH: process.env['PATH'],
        DB_DSN: database.dsn,
        SDP_CRYPTO_KEY: Buffer.alloc(32, 9).toString('base64url'),
        SDP_API_KEY: apiKey,
        SDP_CLIENT_ID: 'acme',
        SDP_PORT: new URL(url).port,
        SDP_DATA_DIR: join(folder, 'server'),
        SDP_LOG_LEVEL: 'info',
        SDP_TOPIC_PARTITIONS: '3',
        SDP_TRANSACTION_SNAPSHOT_SECONDS: '2',
        ...(given && { KAFKA_BROKERS: given.join(',') }),
      },
      logPath: join(folder, `${name}.log`),
    });
    running.set(name, started);
    return started;
  }

  beforeAll(async () => {
    database = await startTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'sdp-kill-'));
    url = `http://127.0.0.1:${await freePort()}`;
    const [first, ...others] = processes.start;
    await untilReady(url, launch(first), AbortSignal.timeout(60_000));
    for (const name of others) launch(name);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const customers = Array.from({ length: 20 }, token);
  const terminals = Array.from({ length: 10 }, token);
  const answers = new Map<string, Answer[]>();
  const accepted = new Map<string, Transaction>();

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(url + path, {
      ...init,
      headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(15_000),
    });
  }

  /** Sends a transaction until it is taken, as a client would: the same again after any failure. */
  async function send(i: number): Promise<void> {
    const transaction = aTransaction({
      customer: customers[i % 20] as string,
      terminal: terminals[i % 10] as string,
      amount: i % 17 === 0 ? 800 : 20,
    });
    for (let attempt = 0; attempt < 300; attempt++) {
      try {
        const response = await ask('/api/v1/transactions?wait_ms=2000', {
          method: 'POST',
          body: JSON.stringify(transaction),
        });
        if (response.status === 200 || response.status === 202) {
          note((await response.json()) as Answer);
          accepted.set(transaction.transaction_id, transaction);
          return;
        }
        expect([response.status, await response.text()]).toEqual([503, expect.anything()]);
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error;
      }
      await sleep(100);
    }
    throw new Error('a transaction was never taken');
  }

  function note(answer: Answer): void {
    if (answer.status !== 'DECIDED') return;
    answers.set(answer.transaction_id, [...(answers.get(answer.transaction_id) ?? []), answer]);
  }

  it('decides each accepted transaction exactly once, whoever is killed', async () => {
    let isSending = true;
    const sending: Promise<void>[] = [];
    const sender = (async () => {
      for (let i = 0; isSending; i++) {
        sending.push(send(i));
        await sleep(25);
      }
      await Promise.all(sending);
    })();
    // Whatever fails is told by the await below.
    sender.catch(() => undefined);
    await sleep(3_000);
    for (let round = 0; round < rounds; round++) {
      for (const name of processes.kill) {
        const killed = running.get(name);
        killed?.kill('SIGKILL');
        await killed?.ended;
        launch(name);
        await sleep(rounds === 1 ? processes.pauseMs : 2_000 + Math.random() * 4_000);
      }
    }
    await sleep(1_000);
    isSending = false;
    await sender;

    const undecided = new Set(accepted.keys());
    for (const deadline = Date.now() + 90_000; undecided.size > 0 && Date.now() < deadline; await sleep(200)) {
      for (const id of undecided) {
        const response = await ask(`/api/v1/transactions/${id}`).catch(() => undefined);
        if (response?.status !== 200) continue;
        const answer = (await response.json()) as Answer;
        note(answer);
        if (answer.status === 'DECIDED') undecided.delete(id);
      }
    }
    expect([...undecided]).toEqual([]);
    expect(accepted.size).toBeGreaterThan(30);
    for (const id of accepted.keys()) {
      note((await (await ask(`/api/v1/transactions/${id}`)).json()) as Answer);
      expect(new Set(answers.get(id)?.map((answer) => JSON.stringify(answer))).size).toBe(1);
    }
    await checkTables();
  }, 600_000);

  /** What clients were told is what stands in the tables, and nothing else does. */
  async function checkTables(): Promise<void> {
    const client = new pg.Client({ connectionString: database.dsn });
    await client.connect();
    try {
      const rows = async (sql: string) => (await client.query(sql)).rows;
      const ids = (await rows('SELECT transaction_id FROM transaction_decision')).map((row) => row.transaction_id);
      // Taken without an answer, and sent again until there was one: there can be no others.
      expect(ids.sort()).toEqual([...accepted.keys()].sort());
      expect(await rows('SELECT * FROM transaction_unpublished')).toEqual([]);
      const [audit] = await rows(
        `SELECT count(*)::int AS n, count(DISTINCT subject)::int AS subjects FROM audit_event WHERE action = 'transaction.decided'`,
      );
      expect(audit).toEqual({ n: accepted.size, subjects: accepted.size });
      const letters = await rows(`SELECT topic, headers FROM bus_log WHERE topic LIKE '%.dlq'`);
      expect(letters).toEqual([]);
    } finally {
      await client.end();
    }
    for (const name of processes.start) {
      const lines = readFileSync(join(folder, `${name}.log`), 'utf8')
        .split('\n')
        .filter(Boolean);
      const errors = lines.filter((line) => line.startsWith('{') && JSON.parse(line).level === 'error');
      expect(errors).toEqual([]);
    }
  }
}

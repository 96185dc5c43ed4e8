import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '@sdp/shared/contracts';
import { Pool } from 'undici';
import { LatencyRecord } from './latency-record.ts';
import { seededRandom } from './seeded-random.ts';
import { type FraudScenario, type SimulatedTransaction, simulateTransactions } from './simulated-stream.ts';

export interface SimulationRunOptions {
  readonly serverUrl: string;
  readonly apiKey: string;
  /** Transactions a second. */
  readonly rate: number;
  readonly durationSeconds: number;
  /** Latencies of the first seconds are left out. */
  readonly warmUpSeconds: number;
  readonly waitMs: number;
  readonly seed: number;
  /** Of the transactions' own time. */
  readonly days: number;
  readonly untilMs: number;
  /** Called every second. */
  readonly onProgress?: (state: SimulationState) => void;
  readonly signal?: AbortSignal;
}

/** What has come of a run so far. */
export interface SimulationState {
  readonly elapsedSeconds: number;
  readonly sent: number;
  readonly decided: number;
  /** Answered without the decision. */
  readonly pending: number;
  /** By HTTP status or kind of failure. */
  readonly errors: Readonly<Record<string, number>>;
  readonly decisions: Readonly<Record<Decision, number>>;
  /** From the moment at which a transaction was due, and not at which it could be sent. */
  readonly latency: LatencyRecord;
  readonly frauds: Readonly<Record<FraudScenario, { sent: number; caught: number }>>;
  /** Honest ones that were not approved. */
  readonly falseAlarms: number;
  readonly outcomes: number;
}

type Counts = { -readonly [K in keyof SimulationState]: SimulationState[K] } & {
  errors: Record<string, number>;
  decisions: Record<Decision, number>;
  frauds: Record<FraudScenario, { sent: number; caught: number }>;
};

const dayMs = 86_400_000;
/** Until somebody notices. */
const knownAfterMs = 7 * dayMs;
const connections = 128;

/**
 * Sends simulated transactions at an even chance at any moment (a Poisson process), whether or not the server keeps up: who comes
 * late is waited for from when it was due. Frauds are reported a week later, by the transactions' own time.
 */
export async function runSimulation(options: SimulationRunOptions): Promise<SimulationState> {
  const { rate, durationSeconds, warmUpSeconds, seed, signal } = options;
  const counts = emptyCounts();
  const pool = new Pool(options.serverUrl, { connections, pipelining: 1, headersTimeout: 60_000 });
  const arrivals = seededRandom(seed ^ 0x5eed);
  const stream = simulateTransactions({ ...options, transactions: Math.ceil(rate * durationSeconds) });
  const underWay = new Set<Promise<void>>();
  const unreported: SimulatedTransaction[] = [];
  const startedAt = performance.now();
  const run = (work: Promise<void>) => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };
  let dueAt = startedAt;
  let shownAt = startedAt;
  const show = () => {
    counts.elapsedSeconds = (performance.now() - startedAt) / 1_000;
    options.onProgress?.(counts);
  };
  for (const simulated of stream) {
    dueAt += arrivals.exponential(rate) * 1_000;
    while (performance.now() < dueAt) {
      if (signal?.aborted) break;
      await sleep(1);
      if (performance.now() - shownAt >= 1_000) {
        shownAt = performance.now();
        show();
      }
    }
    if (signal?.aborted) break;
    const isMeasured = dueAt - startedAt >= warmUpSeconds * 1_000;
    run(send(pool, options, simulated, dueAt, isMeasured, counts));
    if (simulated.fraud) unreported.push(simulated);
    while (unreported[0] && unreported[0].occurredMs + knownAfterMs <= simulated.occurredMs) {
      run(report(pool, options, unreported.shift() as SimulatedTransaction, counts));
    }
  }
  await Promise.all(underWay);
  await pool.close();
  show();
  return counts;
}

async function send(
  pool: Pool,
  { apiKey, waitMs }: SimulationRunOptions,
  { transaction, fraud }: SimulatedTransaction,
  dueAt: number,
  isMeasured: boolean,
  counts: Counts,
): Promise<void> {
  counts.sent++;
  if (fraud) counts.frauds[fraud].sent++;
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `/api/v1/transactions?wait_ms=${waitMs}`,
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify(transaction),
    });
    const answer = (await body.json()) as { decision?: Decision };
    if (answer.decision === undefined) {
      if (statusCode === 202) counts.pending++;
      else count(counts.errors, String(statusCode));
      return;
    }
    if (isMeasured) counts.latency.add(performance.now() - dueAt);
    counts.decided++;
    counts.decisions[answer.decision]++;
    if (answer.decision === 'APPROVE') return;
    if (fraud) counts.frauds[fraud].caught++;
    else counts.falseAlarms++;
  } catch (error) {
    count(counts.errors, codeOf(error));
  }
}

async function report(
  pool: Pool,
  { apiKey }: SimulationRunOptions,
  { transaction, occurredMs }: SimulatedTransaction,
  counts: Counts,
): Promise<void> {
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: `/api/v1/transactions/${transaction.transaction_id}/outcome`,
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ fraud: true, known_at: new Date(occurredMs + knownAfterMs).toISOString() }),
    });
    await body.dump();
    if (statusCode === 200) counts.outcomes++;
    else count(counts.errors, `outcome ${statusCode}`);
  } catch (error) {
    count(counts.errors, `outcome ${codeOf(error)}`);
  }
}

function emptyCounts(): Counts {
  return {
    elapsedSeconds: 0,
    sent: 0,
    decided: 0,
    pending: 0,
    errors: {},
    decisions: { APPROVE: 0, REVIEW: 0, DECLINE: 0 },
    latency: new LatencyRecord(),
    frauds: {
      'large-amount': { sent: 0, caught: 0 },
      terminal: { sent: 0, caught: 0 },
      card: { sent: 0, caught: 0 },
    },
    falseAlarms: 0,
    outcomes: 0,
  };
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? 'failed';
}

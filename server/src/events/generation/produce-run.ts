import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, type EventType, eventTypes } from '@sdp/shared/contracts';
import { InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import { Pool } from 'undici';
import { z } from 'zod';
import { LatencyRecord } from '../../transactions/index.ts';
import { generateEvents } from './generate-events.ts';
import type { Truth } from './generated-event.ts';

export interface ProduceOptions {
  readonly serverUrl: string;
  readonly apiKey: string;
  readonly types: readonly EventType[];
  readonly durationSeconds: number;
  /** Between two requests; each brings what is due. */
  readonly intervalSeconds: number;
  /** Events a second. */
  readonly rate: number;
  /** The events' own time passes so many times as fast, and ends when the run does. */
  readonly speed: number;
  readonly seed: number;
  readonly anomalies: number;
  /** Called after each request. */
  readonly onProgress?: (state: ProduceState) => void;
  readonly signal?: AbortSignal;
}

/** What has come of a run so far. */
export interface ProduceState {
  readonly elapsedSeconds: number;
  /** Of the time that was asked for. */
  readonly share: number;
  readonly accepted: Readonly<Record<EventType, number>>;
  /** Requests that had to be made once more, by HTTP status or kind of failure. */
  readonly retries: Readonly<Record<string, number>>;
  /** Of requests that were taken whole. */
  readonly latency: LatencyRecord;
}

export interface Produced extends ProduceState {
  /** Anomalies all of whose events the server has taken. */
  readonly truth: readonly Truth[];
  readonly isInterrupted: boolean;
}

const eventsPerRequest = 5_000;
/** A server that says nothing for so long will not come back by itself. */
const mostFailures = 60;
const answerSchema = z.object({ accepted: z.int().min(0).default(0) });

/**
 * Sends generated events as they are due. What the server doesn't take it is sent again, from the first that doesn't stand.
 *
 * @throws {InputError} `request-invalid` where the server refuses an event
 * @throws {RejectedError} `unauthorized`, `forbidden`
 * @throws {UnavailableError} `server-unreachable` after five minutes without an answer
 */
export async function runProducer(options: ProduceOptions): Promise<Produced> {
  const { durationSeconds, rate, speed, signal } = options;
  const startedAt = performance.now();
  const durationMs = durationSeconds * 1_000;
  const toMs = Date.now() + durationMs;
  const fromMs = toMs - durationMs * speed;
  const generation = generateEvents({ ...options, fromMs, toMs, eventsPerSecond: rate / speed });
  const sender = new Sender(options);
  const state = (): ProduceState => {
    const elapsedMs = performance.now() - startedAt;
    const { accepted, retries, latency } = sender;
    return {
      elapsedSeconds: elapsedMs / 1_000,
      share: Math.min(1, elapsedMs / durationMs),
      accepted,
      retries,
      latency,
    };
  };
  let due: Event[] = [];
  let sendAtMs = options.intervalSeconds * 1_000;
  try {
    for (const event of generation.events) {
      const dueMs = (Date.parse(event.at) - fromMs) / speed;
      while (dueMs >= sendAtMs || due.length >= eventsPerRequest) {
        const isFull = due.length >= eventsPerRequest;
        await until(startedAt + (isFull ? Math.min(dueMs, sendAtMs) : sendAtMs), signal);
        await sender.send(due, signal);
        due = [];
        options.onProgress?.(state());
        if (!isFull) sendAtMs += options.intervalSeconds * 1_000;
      }
      due.push(event);
      if (signal?.aborted) break;
    }
    if (!signal?.aborted) {
      await until(startedAt + durationMs, signal);
      await sender.send(due, signal);
    }
  } finally {
    await sender.close();
  }
  const isWhole = (truth: Truth) => truth.event_ids.every((id) => !sender.lost.has(id));
  const unsent = new Set(signal?.aborted ? due.map(({ event_id }) => event_id) : []);
  const truth = generation.truth().filter((each) => isWhole(each) && !each.event_ids.some((id) => unsent.has(id)));
  return { ...state(), truth, isInterrupted: signal?.aborted ?? false };
}

class Sender {
  readonly accepted: Record<EventType, number> = Object.fromEntries(eventTypes.map((type) => [type, 0])) as Record<
    EventType,
    number
  >;
  readonly retries: Record<string, number> = {};
  readonly latency = new LatencyRecord();
  /** Events that were given up when the run was interrupted. */
  readonly lost = new Set<string>();
  readonly #options: ProduceOptions;
  readonly #pool: Pool;
  #hasAnswered = false;

  constructor(options: ProduceOptions) {
    this.#options = options;
    this.#pool = new Pool(options.serverUrl, { connections: 1, headersTimeout: 60_000 });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async send(events: readonly Event[], signal: AbortSignal | undefined): Promise<void> {
    let rest = events;
    for (let failures = 0; rest.length > 0; ) {
      if (signal?.aborted) {
        for (const { event_id } of rest) this.lost.add(event_id);
        return;
      }
      const startedAt = performance.now();
      const { accepted, failure, retryMs } = await this.#post(rest);
      for (const { type } of rest.slice(0, accepted)) this.accepted[type] += 1;
      rest = rest.slice(accepted);
      if (failure === undefined) {
        this.latency.add(performance.now() - startedAt);
        return;
      }
      this.retries[failure] = (this.retries[failure] ?? 0) + 1;
      failures = accepted > 0 ? 0 : failures + 1;
      if (failures === mostFailures) {
        throw new UnavailableError('server-unreachable', { message: 'The server took no event for minutes' });
      }
      await until(performance.now() + retryMs, signal);
    }
  }

  async #post(events: readonly Event[]): Promise<{ accepted: number; failure?: string; retryMs: number }> {
    const body = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    let status: number;
    let answer: z.infer<typeof answerSchema>;
    let retryAfter: unknown;
    try {
      const response = await this.#pool.request({
        ...{ method: 'POST', path: '/api/v1/events', body },
        headers: { 'x-api-key': this.#options.apiKey, 'content-type': 'application/x-ndjson' },
      });
      status = response.statusCode;
      retryAfter = response.headers['retry-after'];
      answer = answerSchema.parse(await response.body.json());
      this.#hasAnswered = true;
    } catch (error) {
      // One that was never there is a mistake in the address; one that goes comes back.
      if (!this.#hasAnswered) throw new UnavailableError('server-unreachable');
      const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
      return { accepted: 0, failure: code ?? 'failed', retryMs: 5_000 };
    }
    if (status === 200) return { accepted: events.length, retryMs: 0 };
    if (status === 401) throw new RejectedError('unauthorized');
    if (status === 403) throw new RejectedError('forbidden', { message: 'The key may not hand in events' });
    if (status !== 429 && status < 500) {
      throw new InputError('request-invalid', { message: 'The server refused an event', details: { status } });
    }
    return { accepted: answer.accepted, failure: String(status), retryMs: (Number(retryAfter) || 5) * 1_000 };
  }
}

async function until(atMs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = atMs - performance.now();
  if (waitMs > 0) await sleep(waitMs, undefined, signal && { signal }).catch(() => undefined);
}

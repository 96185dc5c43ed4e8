import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { RejectedError, UnavailableError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { onlyTenants, type Pool } from '../../database/index.ts';
import { clientOf, contextOf, named } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { lastPosition, readDecisions } from '../store/decision-store.ts';
import { formatPosition, parsePosition } from './stream-position.ts';

export interface DecisionStreamsOptions {
  readonly pool: Pool;
  /** Of the topic of results, as it was made. */
  readonly partitions: number;
  readonly maxStreams: number;
  /** Whether the request's key still opens the stream: asked again while it lasts. */
  readonly isAllowed: (request: Request) => Promise<boolean>;
  /** A client that takes nothing for so long is cut off. */
  readonly slowMs?: number;
  readonly heartbeatMs?: number;
}

/** Events read at once for a client: what a slow one costs in memory. */
const pageSize = 200;
const maxStreamsPerClient = 20;
/** Pages are this far apart at least, so that a busy client costs some fifty short transactions a second and no more. */
const pauseMs = 20;
/** After a result is seen in the log it takes a moment until it is stored. */
const settleMs = 2_000;
const againMs = 100;
const pollMs = 2_000;

interface Stream {
  readonly clientId: string;
  wake(): void;
  end(code: EndCode): void;
}

type EndCode = 'closing' | 'slow' | 'unauthorized';

/**
 * Shows clients their own decisions as server-sent events. Every stream reads the table from its own place on, at its own pace:
 * whoever is slow holds back nobody, and whoever comes back with `Last-Event-ID` gets each decision once.
 */
export class DecisionStreams {
  readonly #options: DecisionStreamsOptions;
  readonly #streams = new Set<Stream>();
  #partitions: number;
  #closed = false;

  constructor(options: DecisionStreamsOptions) {
    this.#options = options;
    this.#partitions = options.partitions;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A result was seen in the log, whosever it is said to be. */
  onResult(clientId: string, partition: number): void {
    this.#partitions = Math.max(this.#partitions, partition + 1);
    for (const stream of this.#streams) if (stream.clientId === clientId) stream.wake();
  }

  routes(guard: Guard): Router {
    const router = Router();
    const path = '/api/v1/transactions/stream';
    router.get(path, named(path), ...guard('transactions:read'), (request, response) => this.#open(request, response));
    return router;
  }

  /** Ends all streams; their clients come back with the id of the last event. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams) stream.end('closing');
  }

  async #open(request: Request, response: Response): Promise<void> {
    const clientId = clientOf(response);
    const { pool, maxStreams } = this.#options;
    this.#assertRoom(clientId, maxStreams);
    // An empty one is as good as none.
    const lastEventId = request.get('last-event-id') || undefined;
    const position =
      lastEventId === undefined
        ? await lastPosition(onlyTenants(pool, [clientId]), clientId, this.#partitions)
        : parsePosition(lastEventId, this.#partitions);
    this.#assertRoom(clientId, maxStreams);

    const ended = new AbortController();
    const stream = new OpenStream(clientId, response, ended);
    this.#streams.add(stream);
    response.once('close', () => ended.abort());
    contextOf(response).isStream = true;
    response.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Connection: 'close' });
    response.flushHeaders();
    try {
      await stream.write('retry: 2000\n\n', this.#slowMs);
      await this.#follow(request, stream, position, ended.signal);
    } catch (error) {
      if (!ended.signal.aborted)
        contextOf(response).logger.warn({ code: codeOf(error) }, 'stream of decisions broke off');
    } finally {
      this.#streams.delete(stream);
      response.end();
    }
  }

  async #follow(request: Request, stream: OpenStream, position: bigint[], signal: AbortSignal): Promise<void> {
    const { pool, isAllowed, heartbeatMs = 15_000 } = this.#options;
    const own = onlyTenants(pool, [stream.clientId]);
    let checkedAt = performance.now();
    let wroteAt = checkedAt;
    while (!signal.aborted) {
      const now = performance.now();
      if (now - checkedAt > pollMs) {
        if (!(await isAllowed(request))) return stream.end('unauthorized');
        checkedAt = now;
      }
      while (position.length < this.#partitions) position.push(0n);
      const version = stream.version;
      const page = await readDecisions(own, stream.clientId, position, pageSize);
      const text = page.map(({ partition, offset, decided }) => {
        position[partition] = offset + 1n;
        return `id: ${formatPosition(position)}\nevent: decision\ndata: ${JSON.stringify(decided)}\n\n`;
      });
      if (page.length > 0) {
        if (!(await stream.write(text.join(''), this.#slowMs))) return stream.end('slow');
        wroteAt = performance.now();
      } else if (performance.now() - wroteAt > heartbeatMs) {
        if (!(await stream.write(': heartbeat\n\n', this.#slowMs))) return stream.end('slow');
        wroteAt = performance.now();
      }
      await sleep(pauseMs, undefined, { ref: false });
      if (page.length === 0) await stream.next(version, Math.min(pollMs, heartbeatMs), signal);
    }
  }

  get #slowMs(): number {
    return this.#options.slowMs ?? 30_000;
  }

  #assertRoom(clientId: string, maxStreams: number): void {
    const own = [...this.#streams].filter((stream) => stream.clientId === clientId).length;
    if (own >= maxStreamsPerClient) {
      throw new RejectedError('rate-limited', { message: 'The client follows its decisions often enough' });
    }
    if (this.#closed || this.#streams.size >= maxStreams) {
      throw new UnavailableError('server-busy', { message: 'As many streams are open as the server takes' });
    }
  }
}

class OpenStream implements Stream {
  readonly clientId: string;
  readonly #response: Response;
  readonly #ended: AbortController;
  #version = 0;
  #wokenAt = Number.NEGATIVE_INFINITY;
  #awake: () => void = () => undefined;

  constructor(clientId: string, response: Response, ended: AbortController) {
    this.clientId = clientId;
    this.#response = response;
    this.#ended = ended;
  }

  get version(): number {
    return this.#version;
  }

  wake(): void {
    this.#version++;
    this.#wokenAt = performance.now();
    this.#awake();
  }

  /** Tells why, as far as the client still reads, and closes. */
  end(code: EndCode): void {
    if (this.#ended.signal.aborted) return;
    this.#response.write(`event: end\ndata: ${JSON.stringify({ code })}\n\n`);
    this.#ended.abort();
    // What it doesn't take in a moment it won't take at all.
    const response = this.#response;
    setTimeout(() => response.destroy(), 1_000).unref();
  }

  /** @returns false when the client doesn't take it in time */
  async write(text: string, slowMs: number): Promise<boolean> {
    if (this.#response.write(text)) return true;
    const signal = AbortSignal.any([AbortSignal.timeout(slowMs), this.#ended.signal]);
    try {
      await once(this.#response, 'drain', { signal });
      return true;
    } catch {
      return this.#ended.signal.aborted;
    }
  }

  /** Resolves when there is reason to look again. */
  async next(version: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#version !== version || signal.aborted) return;
    const isSettling = performance.now() - this.#wokenAt < settleMs;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#awake = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, isSettling ? againMs : timeoutMs);
      this.#awake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code.slice(0, 40) : 'internal';
}

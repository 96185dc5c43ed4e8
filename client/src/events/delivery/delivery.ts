import type { ServerInfo } from '@sdp/shared/contracts';
import { InterruptedError, SdpError } from '@sdp/shared/errors';
import { type ApiClient, checkKeysApart, invalidResponse } from '../../upload/index.ts';
import type { Spool, WaitingEvents } from '../spool/index.ts';
import { type EventsEncoding, encodingFor, postEvents } from './post-events.ts';

/** What one request holds at most. */
const requestBounds = { events: 5_000, bytes: 1024 * 1024 } as const;
const answerTimeoutMs = 60_000;

export interface DeliveryTuning {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const defaultTuning: DeliveryTuning = { firstPauseMs: 500, longestPauseMs: 30_000 };

export interface DeliveryOptions {
  readonly spool: Spool;
  readonly client: ApiClient;
  /** Of every key that this side has or had. */
  readonly keyFingerprints: readonly string[];
  readonly tuning?: DeliveryTuning | undefined;
  /** Told when the server can't be reached or asks to wait, once for each time of it, and when it takes events again. */
  readonly onOutage?: (error: SdpError | undefined) => void;
  readonly onRefused?: (error: SdpError) => void;
}

/**
 * Sends what waits in a spool, in order, one request at a time. An event leaves the spool only once the server says that it
 * stands for good, or once it is put aside as refused.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #tuning: DeliveryTuning;
  readonly #stop = new AbortController();
  #encoding: EventsEncoding | undefined;
  /** Made smaller when the server says that a request is too large. */
  #mostEvents: number = requestBounds.events;
  #failures = 0;
  #ending = false;
  delivered = 0;
  refused = 0;
  /** How long the last event that was delivered had waited, in ms. */
  lagMs = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#tuning = options.tuning ?? defaultTuning;
  }

  /** Runs until {@link end} was called and nothing waits, or {@link stop}. @throws {SdpError} what no retry mends */
  async run(): Promise<void> {
    const { spool } = this.#options;
    while (!this.#stop.signal.aborted) {
      const changed = spool.changed();
      const waiting = await spool.peek(this.#mostEvents, requestBounds.bytes);
      if (waiting.lines.length === 0) {
        if (this.#ending) return;
        await this.#unlessStopped(changed);
        continue;
      }
      await this.#send(waiting);
    }
  }

  /** No more events will come. */
  end(): void {
    this.#ending = true;
    this.#options.spool.wake();
  }

  /** Ends at once; what waits stays in the spool. */
  stop(): void {
    this.#stop.abort(new InterruptedError('interrupted'));
  }

  async #send({ first, lines }: WaitingEvents): Promise<void> {
    const { spool, client } = this.#options;
    try {
      this.#encoding ??= encodingFor(await this.#serverInfo());
    } catch (error) {
      await this.#later(error);
      return;
    }
    const oldestAt = spool.state().oldestAt;
    const { accepted, error } = await postEvents(client, lines, this.#encoding, { timeoutMs: answerTimeoutMs });
    if (accepted > 0) {
      await spool.settle(first + accepted);
      this.delivered += accepted;
      if (oldestAt !== undefined) this.lagMs = Date.now() - oldestAt;
      this.#recovered();
    }
    if (error === undefined) {
      if (accepted === 0) await this.#later(invalidResponse('The server accepted no event and did not say why'));
      else this.#mostEvents = Math.min(requestBounds.events, this.#mostEvents * 2);
    } else if (isAboutEvents(error)) await this.#refused(lines.slice(accepted), first + accepted, error);
    else await this.#later(error);
  }

  /** Also compares keys: with one of this side's the server could test guesses against tokens. */
  async #serverInfo(): Promise<ServerInfo> {
    const { client, keyFingerprints } = this.#options;
    return await checkKeysApart(client, keyFingerprints);
  }

  /** Some event of these is not what the server takes. Which one is certain if it says so, or if there is only one. */
  async #refused(lines: readonly string[], first: number, error: SdpError): Promise<void> {
    const { spool, onRefused } = this.#options;
    const [event] = lines;
    if (event === undefined) return;
    const [finding] = error.details.findings ?? [];
    const { accepted } = error.details;
    const place = finding?.line === undefined || accepted === undefined ? undefined : finding.line - 1 - accepted;
    if (place !== 0 && lines.length > 1) {
      this.#mostEvents = Math.max(1, Math.floor(lines.length / 2));
      return;
    }
    await spool.rejects.append([
      {
        at: new Date().toISOString(),
        by: 'server',
        sequence: first,
        code: error.code,
        ...(finding?.field === undefined ? {} : { field: finding.field }),
        reason: finding?.message ?? error.message,
        event,
      },
    ]);
    await spool.settle(first + 1);
    this.refused += 1;
    this.#recovered();
    onRefused?.(error);
  }

  /** Waits before the next attempt, as long as the server asks for at least. @throws what no waiting mends */
  async #later(error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return;
    if (!(error instanceof SdpError) || !mayPass(error)) throw error;
    if (this.#failures === 0) this.#options.onOutage?.(error);
    this.#failures += 1;
    const { firstPauseMs, longestPauseMs } = this.#tuning;
    const ceiling = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(20, this.#failures - 1));
    const pauseMs = (error.details.retryAfterSeconds ?? 0) * 1_000 + Math.random() * ceiling;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(pauseMs, 2 ** 31 - 1));
    });
    await this.#unlessStopped(over);
    clearTimeout(timer);
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.onOutage?.(undefined);
  }

  /** Waits for something, or for {@link stop}. */
  async #unlessStopped(over: Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onStop = () => resolve();
    signal.addEventListener('abort', onStop, { once: true });
    void over.then(resolve);
    await promise;
    signal.removeEventListener('abort', onStop);
  }
}

/** The server looked at the events and doesn't want one of them. */
function isAboutEvents(error: SdpError): boolean {
  return (
    error.code === 'raw-pii-found' ||
    error.code === 'request-invalid' ||
    error.code === 'request-malformed' ||
    error.code === 'payload-too-large'
  );
}

/** What waiting may mend: no connection, no time, and failures inside of the server or before it. */
function mayPass(error: SdpError): boolean {
  return error.retryable || (error.details.status ?? 0) >= 500;
}

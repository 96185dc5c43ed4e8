import type { AnomalyChanged } from '@sdp/shared/contracts';
import { UnavailableError } from '@sdp/shared/errors';
import type { Tenants } from '../../identity/index.ts';
import type { NumberedChange } from './anomaly-changes.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { EndCode, StreamSink } from './stream-sink.ts';

/** Which changes a stream shows; whatever is left out lets all through. */
export interface ChangeFilter {
  readonly client_id?: string | undefined;
  readonly type?: string | undefined;
  readonly level?: string | undefined;
  readonly user_id?: string | undefined;
  /** To which the anomaly came. */
  readonly state?: string | undefined;
}

export interface FollowOptions {
  readonly feed: ChangeFeed;
  readonly sink: StreamSink;
  readonly tenants: Tenants;
  /** Of the last change that the client has seen. */
  readonly position: bigint;
  readonly filter: ChangeFilter;
  readonly isAllowed: () => Promise<boolean>;
  readonly heartbeatMs: number;
  readonly checkMs: number;
}

/** Handed to a client at once: all that is held for one that is slow. */
const sendBytes = 64 * 1024;

/** Sends changes until the connection ends or has to. @returns why it has to */
export async function followChanges(options: FollowOptions): Promise<EndCode> {
  const { feed, sink, tenants, filter, heartbeatMs, checkMs } = options;
  const { signal } = sink;
  const bell = new Bell(signal);
  const { tail, stop } = feed.follow(tenants, () => bell.ring());
  const mayGoOn = allowance(options, bell);
  let { position } = options;
  let sentAt = performance.now();
  try {
    while (!signal.aborted) {
      if (!(await mayGoOn())) return 'unauthorized';
      bell.silence();
      const page = await unlessUnavailable(tail.after(position));
      if (page === undefined) {
        await bell.wait(checkMs);
        continue;
      }
      for (const part of parts(page.changes.filter(({ changed }) => passes(changed, filter)))) {
        if (!(await mayGoOn())) return 'unauthorized';
        if (!(await sink.send(part))) return 'slow';
        sentAt = performance.now();
      }
      position = page.position;
      if (tail.end !== undefined && position < tail.end) continue;
      if (performance.now() - sentAt >= heartbeatMs) {
        if (!(await sink.heartbeat(position))) return 'slow';
        sentAt = performance.now();
      }
      await bell.wait(Math.min(checkMs, heartbeatMs));
    }
    return 'closing';
  } finally {
    stop();
  }
}

/**
 * Asks now and then whether the caller still may. While nobody can be looked up nothing is shown to anybody: it waits until the
 * database is back or the client leaves.
 */
function allowance({ isAllowed, checkMs, sink }: FollowOptions, bell: Bell): () => Promise<boolean> {
  let checkedAt = performance.now();
  return async () => {
    while (!sink.signal.aborted && performance.now() - checkedAt > checkMs) {
      const isStill = await unlessUnavailable(isAllowed());
      if (isStill === false) return false;
      if (isStill) checkedAt = performance.now();
      else await bell.pause(checkMs);
    }
    return true;
  };
}

function passes({ anomaly, change }: AnomalyChanged, filter: ChangeFilter): boolean {
  const { client_id, type, level, user_id, state } = filter;
  return (
    (client_id === undefined || anomaly.client_id === client_id) &&
    (type === undefined || anomaly.alert_type === type) &&
    (level === undefined || anomaly.alert_level === level) &&
    (user_id === undefined || anomaly.user_id === user_id) &&
    (state === undefined || change.to === state)
  );
}

function* parts(changes: readonly NumberedChange[]): Generator<readonly NumberedChange[]> {
  let part: NumberedChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    if (bytes > 0 && bytes + change.json.length > sendBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(change);
    bytes += change.json.length;
  }
  if (part.length > 0) yield part;
}

async function unlessUnavailable<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof UnavailableError) return undefined;
    throw error;
  }
}

/** Wakes who waits; rung while nobody waits, it is heard by the next. */
class Bell {
  readonly #signal: AbortSignal;
  #hasRung = false;
  #heard: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  ring(): void {
    this.#hasRung = true;
    this.#heard();
  }

  silence(): void {
    this.#hasRung = false;
  }

  /** Until it rings, or has rung, or the time is over. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#hasRung) await this.pause(timeoutMs);
  }

  /** Until it rings from now on, or the time is over. */
  async pause(timeoutMs: number): Promise<void> {
    if (this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', done);
        this.#heard = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#heard = done;
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }
}

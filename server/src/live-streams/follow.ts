import { UnavailableError } from '@sdp/shared/errors';
import { Bell } from './bell.ts';
import type { StreamStart } from './stream-feed.ts';
import type { EndCode, StreamItem, StreamSink } from './stream-sink.ts';

export interface FollowOptions {
  readonly start: StreamStart;
  readonly sink: StreamSink;
  /** Whether who asked still may. */
  readonly isAllowed: () => Promise<boolean>;
  /** Called with the number of items that a client took. */
  readonly onSent?: ((items: number) => void) | undefined;
  readonly heartbeatMs: number;
  readonly checkMs: number;
}

/** Handed to a client at once: all that is held for one that is slow. */
const sendBytes = 64 * 1024;

/** Sends items until the connection ends or has to. @returns why it has to */
export async function follow(options: FollowOptions): Promise<EndCode> {
  const { start, sink, onSent, heartbeatMs, checkMs } = options;
  const { signal } = sink;
  const bell = new Bell(signal);
  const source = start.follow(() => bell.ring());
  const mayGoOn = allowance(options, bell);
  let { position } = start;
  let sentAt = performance.now();
  try {
    while (!signal.aborted) {
      if (!(await mayGoOn())) return 'unauthorized';
      bell.silence();
      const page = await unlessUnavailable(source.after(position));
      if (page === 'forgotten') return page;
      if (page === undefined) {
        await bell.wait(checkMs);
        continue;
      }
      for (const part of parts(page.items)) {
        if (!(await mayGoOn())) return 'unauthorized';
        if (signal.aborted) return 'closing';
        if (!(await sink.send(part))) return 'slow';
        onSent?.(part.length);
        sentAt = performance.now();
      }
      position = page.position;
      if (performance.now() - sentAt >= heartbeatMs) {
        if (!(await sink.heartbeat(position))) return 'slow';
        sentAt = performance.now();
      }
      if (page.isLast) await bell.wait(Math.min(checkMs, heartbeatMs));
    }
    return 'closing';
  } finally {
    source.stop();
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

function* parts(items: Iterable<StreamItem>): Generator<readonly StreamItem[]> {
  let part: StreamItem[] = [];
  let bytes = 0;
  for (const item of items) {
    if (bytes > 0 && bytes + item.json.length > sendBytes) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += item.json.length;
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

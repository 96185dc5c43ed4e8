/** What became of an attempt to send a message. */
export type Outcome =
  | {
      readonly kind: 'sent';
      /** The receiver takes no more for this long. */
      readonly pauseMs?: number | undefined;
    }
  | {
      /** It may succeed later. */
      readonly kind: 'retry';
      readonly reason: string;
      /** The receiver said when to come back. */
      readonly afterMs?: number | undefined;
    }
  | {
      /** It won't succeed as it is. */
      readonly kind: 'refused';
      readonly reason: string;
      /** The receiver doesn't know the sender: nothing is wrong with the message, and it may succeed once somebody sets that right. */
      readonly isUnauthorized?: boolean;
    };

const firstDelayMs = 500;
const longestDelayMs = 300_000;
/** A receiver that asks for longer is asked again after this. */
const longestAskedMs = 3_600_000;

/** After so many failures one after the other a channel counts as down: one message at a time tries whether it is back. */
export const failuresUntilDown = 5;

/**
 * How long to wait after a failure: anything up to a delay that doubles with each failure, so that those who wait don't come back
 * together ("full jitter"), but never less than the receiver asked for.
 *
 * @param failures 1 after the first
 * @param random between 0 and 1
 */
export function retryDelayMs(failures: number, random: number, afterMs = 0): number {
  const longest = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - 1, 20));
  return Math.max(Math.min(afterMs, longestAskedMs), Math.ceil(longest * random));
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * How long the answer of a webhook asks to wait. Discord says so in seconds, as a number of its JSON body and in headers; others by
 * `Retry-After`, in seconds or as a date (RFC 9110), by the receiver's own clock where it tells it. The longest counts.
 *
 * @param headers with names in lower case
 */
export function retryAfterMs(headers: Headers, body: string, now: Date): number | undefined {
  const seconds = [numberOf(bodyOf(body)['retry_after']), numberOf(headers['x-ratelimit-reset-after'])];
  const header = headers['retry-after'];
  if (typeof header === 'string') {
    seconds.push(
      /^\d+(?:\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - clockOf(headers, now)) / 1_000,
    );
  }
  const known = seconds.filter((each) => each !== undefined && Number.isFinite(each) && each >= 0) as number[];
  return known.length === 0 ? undefined : Math.ceil(Math.max(...known) * 1_000);
}

function clockOf({ date }: Headers, now: Date): number {
  const told = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isFinite(told) ? told : now.getTime();
}

/** What the receiver's limit leaves after a message that it took: nothing, until a time that it says. */
export function pauseAfterSentMs(headers: Headers): number | undefined {
  if (headers['x-ratelimit-remaining'] !== '0') return undefined;
  const seconds = numberOf(headers['x-ratelimit-reset-after']);
  return seconds === undefined || seconds < 0 ? undefined : Math.min(Math.ceil(seconds * 1_000), longestAskedMs);
}

/** What the status of an answer means for the message. Receivers that were moved are not followed. */
export function outcomeOfStatus(status: number, headers: Headers, body: string, now: Date): Outcome {
  if (status >= 200 && status < 300) return { kind: 'sent', pauseMs: pauseAfterSentMs(headers) };
  if (status === 429) return { kind: 'retry', reason: 'http-429', afterMs: retryAfterMs(headers, body, now) };
  if (status >= 500 || status === 408 || status === 425) {
    const header = headers['retry-after'];
    const afterMs =
      header === undefined ? undefined : retryAfterMs({ 'retry-after': header, date: headers['date'] }, '', now);
    return { kind: 'retry', reason: `http-${status}`, afterMs };
  }
  if (status === 401 || status === 403) return { kind: 'refused', reason: `http-${status}`, isUnauthorized: true };
  return { kind: 'refused', reason: status >= 300 && status < 400 ? 'redirected' : `http-${status}` };
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

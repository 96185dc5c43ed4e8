import type { Event } from '@sdp/shared/contracts';
import { InputError, SdpError, type SdpErrorOptions } from '@sdp/shared/errors';
import type { SizedEvent } from './event-groups.ts';
import { readEvent, refusal } from './read-events-rules.ts';

export interface TakeLinesOptions {
  /** Resolves once they are durable. */
  readonly accept: (events: readonly SizedEvent[]) => Promise<void>;
  /** Called for each event before it counts: may turn the sender away. */
  readonly admit: () => void;
  /** Read ahead while others are being stored; then the sender waits. */
  readonly maxPendingBytes?: number;
}

/**
 * Takes a stream of events, one a line, in order: what has come is sent while more is read. The first line that can't be taken
 * ends it; all before that line are sent all the same.
 *
 * @param blocks text that ends with a line end, the last one perhaps without
 * @returns lines, blank ones included
 * @throws {SdpError} with `accepted` in its details: lines that stand for good, from the first; those behind it may or may not
 */
export async function takeLines(blocks: AsyncIterable<string>, options: TakeLinesOptions): Promise<number> {
  const { maxPendingBytes = 256 * 1024, admit } = options;
  const sending = new LineSending(options.accept);
  let line = 0;
  try {
    for await (const block of blocks) {
      for (let start = 0; start < block.length; ) {
        let end = block.indexOf('\n', start);
        if (end === -1) end = block.length;
        const text = block.slice(start, end);
        start = end + 1;
        line += 1;
        if (isBlank(text)) continue;
        const event = eventOf(text, line);
        admit();
        sending.add({ event, bytes: Buffer.byteLength(text) }, line);
        if (sending.pendingBytes >= maxPendingBytes) await sending.sent();
      }
      sending.send(line);
    }
  } catch (error) {
    // What went wrong before that line counts first.
    const first = await sending.sent().then(
      () => error,
      (failure: unknown) => failure,
    );
    throw accepting(first, sending.accepted);
  }
  try {
    await sending.sent();
  } catch (error) {
    throw accepting(error, sending.accepted);
  }
  return line;
}

/** Sends one part after the other, so that events of one user stay in order, and gathers the next meanwhile. */
class LineSending {
  readonly #accept: TakeLinesOptions['accept'];
  #events: SizedEvent[] = [];
  #lastLine = 0;
  #accepted = 0;
  #pendingBytes = 0;
  #running: Promise<void> | undefined;
  #failure: unknown;

  constructor(accept: TakeLinesOptions['accept']) {
    this.#accept = accept;
  }

  /** Lines up to which all is durable. */
  get accepted(): number {
    return this.#accepted;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  add(event: SizedEvent, line: number): void {
    this.#events.push(event);
    this.#pendingBytes += event.bytes;
    this.#lastLine = line;
  }

  /** Starts sending what has been added unless a part is under way; all before `line` has been. @throws what sending threw */
  send(line: number): void {
    this.#throwFailure();
    this.#lastLine = line;
    void this.#start();
  }

  /** Resolves once all that was added is durable. @throws what sending threw */
  async sent(): Promise<void> {
    while (this.#hasMore()) await this.#start();
    this.#throwFailure();
  }

  #start(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  #hasMore(): boolean {
    return this.#failure === undefined && this.#lastLine > this.#accepted;
  }

  async #run(): Promise<void> {
    while (this.#hasMore()) {
      const [events, line] = [this.#events, this.#lastLine];
      this.#events = [];
      this.#pendingBytes = 0;
      try {
        if (events.length > 0) await this.#accept(events);
        this.#accepted = line;
      } catch (error) {
        this.#failure = error;
      }
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** @throws {InputError} `request-malformed`, `raw-pii-found`, `request-invalid` with the line */
function eventOf(text: string, line: number): Event {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the input.
    throw new InputError('request-malformed', {
      message: 'A line is no JSON',
      details: { findings: [{ message: 'is no JSON', line }] },
    });
  }
  const read = readEvent(value, Date.now());
  if ('event' in read) return read.event;
  throw refusal([{ ...read.bad, findings: read.bad.findings.map((finding) => ({ ...finding, line })) }]);
}

function isBlank(text: string): boolean {
  return text === '' || text === '\r' || text.trim() === '';
}

function accepting(error: unknown, accepted: number): SdpError {
  if (!(error instanceof SdpError)) return new SdpError('internal', { cause: error, details: { accepted } });
  const Kind = error.constructor as new (code: SdpError['code'], options: SdpErrorOptions) => SdpError;
  const { code, message, remedy, details, cause } = error;
  return new Kind(code, { message, remedy, details: { ...details, accepted }, cause });
}

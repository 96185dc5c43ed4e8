import { InputError, InterruptedError } from '@sdp/shared/errors';
import type { Vault } from '../vault/index.ts';
import type { InputPosition, Reject, Spool } from './spool/index.ts';
import type { DraftEvent, EventRefusal } from './treatment/index.ts';

/** What a frame of the spool holds at most, and how long its first event waits for others. */
export const frameBounds = { events: 512, bytes: 512 * 1024, waitMs: 250 } as const;

/** Frames that may be on their way to the disk: while one is written the next ones gather. */
const framesUnderWay = 4;

/** Refused events are kept up to this share of the spool's size. */
const rejectsShare = 4;

const diskFullPauseMs = 1_000;

export interface IntakeOptions {
  readonly spool: Spool;
  readonly vault: Vault;
  readonly maxBytes: number;
  /** How far the input is read by now; for inputs that can be read again. */
  readonly position?: (() => InputPosition) | undefined;
  /** Told when nothing more can be taken for lack of room, and when it can again. */
  readonly onFull?: (full: boolean) => void;
}

interface Frame {
  readonly events: string[];
  readonly rejects: Reject[];
  bytes: number;
}

/**
 * Takes events in order into the spool, many at a time: first their originals into the vault, then their frame onto the disk.
 * An event counts as taken only then.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #frameBytes: number;
  #frame: Frame | undefined;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;
  #stopped = false;
  /** Events that were added or refused so far. */
  given = 0;
  /** Of these, those on the disk. */
  taken = 0;
  refused = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    // Several frames fit into the smallest spool: it must not wait for room that its only frame takes.
    this.#frameBytes = Math.min(frameBounds.bytes, Math.floor(options.maxBytes / 16));
  }

  /** @param event without an id it gets one by its place in the spool, the same however often it is sent */
  add(event: DraftEvent): void {
    const { event_id, ...rest } = event;
    const text = JSON.stringify(event_id === undefined ? rest : { event_id, ...rest });
    const frame = this.#open();
    this.given += 1;
    frame.events.push(text);
    frame.bytes += text.length;
    if (frame.events.length >= frameBounds.events || frame.bytes >= this.#frameBytes) this.#close();
  }

  /** Puts an event aside that may not leave. */
  refuse(refusal: EventRefusal, row: number | undefined, text: string): void {
    const frame = this.#open();
    this.given += 1;
    frame.rejects.push({
      at: new Date().toISOString(),
      by: 'client',
      ...(row === undefined ? {} : { row }),
      ...refusal,
      event: text,
    });
    frame.bytes += text.length;
    if (frame.rejects.length >= frameBounds.events || frame.bytes >= this.#frameBytes) this.#close();
  }

  /** Resolves when there is room for more: the place to wait before the next {@link add}. @throws what storing failed with */
  async ready(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#underWay.length >= framesUnderWay) await this.#underWay[0];
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when all that was added is taken. @throws what storing failed with */
  async flush(): Promise<void> {
    this.#close();
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives up what waits for room. */
  stop(): void {
    this.#stopped = true;
  }

  #open(): Frame {
    if (this.#frame === undefined) {
      this.#frame = { events: [], rejects: [], bytes: 0 };
      this.#timer = setTimeout(() => this.#close(), frameBounds.waitMs);
    }
    return this.#frame;
  }

  #close(): void {
    const frame = this.#frame;
    if (frame === undefined) return;
    clearTimeout(this.#timer);
    this.#frame = undefined;
    const before = this.#last;
    const input = this.#options.position?.();
    // The vault's work of this frame runs beside the one before it.
    const originals = this.#options.vault.flush();
    originals.catch(() => undefined);
    const stored = before.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await originals;
        await this.#store(frame, input);
      } catch (error) {
        this.#failure = error;
      }
    });
    this.#last = stored;
    this.#underWay.push(stored);
    void stored.then(() => {
      this.#underWay = this.#underWay.filter((other) => other !== stored);
    });
  }

  async #store({ events, rejects, bytes }: Frame, input: InputPosition | undefined): Promise<void> {
    const { spool, maxBytes } = this.#options;
    if (rejects.length > 0) {
      if (spool.rejects.bytes + bytes > maxBytes / rejectsShare) {
        throw new InputError('events-refused', {
          message: 'So many events were refused that there is no room to keep more of them',
          remedy: 'Look at `sdp spool rejects`, correct the configuration or the input, and clear them with --clear.',
        });
      }
      await spool.rejects.append(rejects);
    }
    if (events.length > 0) {
      await this.#room(bytes);
      const first = spool.nextSequence;
      const prefix = idPrefix(spool.id);
      const lines = events.map((text, index) => withId(text, prefix, first + index));
      await this.#append(lines, input);
    } else if (input !== undefined) await spool.noteInput(input);
    this.taken += events.length;
    this.refused += rejects.length;
  }

  async #append(lines: readonly string[], input: InputPosition | undefined): Promise<void> {
    for (;;) {
      try {
        await this.#options.spool.append(lines, { at: Date.now(), ...(input === undefined ? {} : { input }) });
        this.#options.onFull?.(false);
        return;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        if (this.#stopped) throw new InterruptedError('interrupted');
        // Deliveries free some; until then nothing more is read.
        this.#options.onFull?.(true);
        await new Promise((resolve) => setTimeout(resolve, diskFullPauseMs));
      }
    }
  }

  async #room(bytes: number): Promise<void> {
    const { spool, onFull } = this.#options;
    while (!spool.hasRoomFor(bytes)) {
      onFull?.(true);
      if (this.#stopped) throw new InterruptedError('interrupted');
      await Promise.race([spool.changed(), new Promise((resolve) => setTimeout(resolve, diskFullPauseMs).unref())]);
    }
  }
}

/** The sender's own id stays. */
function withId(text: string, prefix: string, sequence: number): string {
  return text.startsWith('{"event_id":') ? text : `{"event_id":"${prefix}-${sequence}",${text.slice(1)}`;
}

/** The spool's id in letters: among hex digits some runs look like card numbers. */
function idPrefix(spoolId: string): string {
  return spoolId.replace(/./g, (digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)] as string);
}

function isDiskFull(error: unknown): boolean {
  return error instanceof InputError && error.message.endsWith('the disk is full');
}

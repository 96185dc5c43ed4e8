import type { BusMessage } from '@sdp/shared/messaging';

/** A message that was taken and is not settled. */
export interface MessageInHand {
  readonly message: BusMessage;
  isDone: boolean;
}

export interface LaneLimits {
  /** Handlers that run at once. */
  readonly keysInParallel: number;
  readonly maxBytesInHand: number;
}

/** Messages taken ahead for each handler that may run, so that others go on while some keys are being retried. */
const aheadPerHandler = 32;

/**
 * The messages of a partition that are in hand: one after the other for each key, keys beside one another. Knows how far the
 * partition is done without a gap.
 */
export class KeyLanes {
  readonly #limits: LaneLimits;
  readonly #tails = new Map<string, Promise<void>>();
  #inHand: MessageInHand[] = [];
  #bytes = 0;
  #running = 0;
  #waiting: (() => void)[] = [];
  #roomChanged: (() => void) | undefined;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /** The first message that isn't done; everything before it is. */
  get first(): MessageInHand | undefined {
    return this.#inHand[0];
  }

  /** Resolves when another message may be taken, or {@link look} was called after `signal` aborted. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#isFull && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#roomChanged = resolve;
      });
    }
  }

  /** Has whoever waits for room look again. */
  look(): void {
    this.#roomChanged?.();
  }

  /** Works on a message once those of its key before it are through; `work` must not reject. */
  begin(message: BusMessage, work: (entry: MessageInHand) => Promise<void>): void {
    const entry = { message, isDone: false };
    this.#inHand.push(entry);
    this.#bytes += message.value.byteLength;
    const { key } = message;
    const before = this.#tails.get(key);
    const tail = (before === undefined ? work(entry) : before.then(() => work(entry))).finally(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
      this.look();
    });
    this.#tails.set(key, tail);
  }

  /** @returns the offset up to which all is done now, or undefined if that hasn't moved */
  finish(entry: MessageInHand): bigint | undefined {
    entry.isDone = true;
    this.#bytes -= entry.message.value.byteLength;
    let done = 0;
    while (this.#inHand[done]?.isDone) done++;
    const last = this.#inHand[done - 1];
    if (last === undefined) return undefined;
    this.#inHand = this.#inHand.slice(done);
    return last.message.offset + 1n;
  }

  /** Runs one attempt when fewer than the allowed number are running. */
  async run(attempt: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#limits.keysInParallel) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      await attempt();
    } finally {
      // The place goes to the next in line without being free in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Resolves when no message is in hand that has begun or waits for its key. */
  async drained(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  get #isFull(): boolean {
    const { keysInParallel, maxBytesInHand } = this.#limits;
    const most = keysInParallel === 1 ? 1 : keysInParallel * aheadPerHandler;
    return this.#inHand.length > 0 && (this.#inHand.length >= most || this.#bytes >= maxBytesInHand);
  }
}

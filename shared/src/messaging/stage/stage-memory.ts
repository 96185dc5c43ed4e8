import type { BusMessage } from '../bus-port.ts';
import {
  assertSameContent,
  type EventIdentity,
  identityOf,
  type OpenRules,
  openMessage,
  ReplayWindow,
} from '../consumer/index.ts';
import type { AssignedPartition } from '../stage-port.ts';

export interface StageMemoryOptions {
  readonly rules: OpenRules;
  /** Events remembered for each partition at most. */
  readonly maxEvents: number;
}

/** Looked back over at first; four times as far each time that isn't far enough. */
const firstLookBack = 1_024;

/**
 * Which events a stage has handled, as long as a copy would not be stale. Rebuilt from the log whenever a partition is
 * assigned, so that a crash or another worker's taking over forgets nothing.
 */
export class StageMemory {
  readonly #options: StageMemoryOptions;
  readonly #horizonMs: number;
  readonly #window: ReplayWindow;

  constructor(options: StageMemoryOptions) {
    this.#options = options;
    const { staleAfterMs, clockSkewMs } = options.rules;
    this.#horizonMs = staleAfterMs + clockSkewMs;
    this.#window = new ReplayWindow({ maxEvents: options.maxEvents, horizonMs: this.#horizonMs });
  }

  /**
   * Whether the event was handled. A log doesn't tell what was handled from what failed: an operator's replay counts as the
   * event that it names only where that is known from more than the log.
   *
   * @throws {PoisonError} `message-id-reused` if it had other content
   */
  knows(identity: EventIdentity): boolean {
    for (const [i, id] of identity.ids.entries()) {
      const seen = this.#window.find(id);
      if (seen === undefined || (i > 0 && seen.isPresumed)) continue;
      assertSameContent(seen, identity);
      return true;
    }
    return false;
  }

  /** @param isPresumed known from the log alone */
  remember({ ids, digest }: EventIdentity, message: BusMessage, sealedAt: Date, isPresumed = false): void {
    const { partition, offset, timestamp } = message;
    for (const id of ids) {
      const seen = { digest, partition, offset, isPresumed };
      this.#window.remember(id, seen, sealedAt.getTime(), timestamp.getTime());
    }
  }

  forget(partition: number): void {
    this.#window.forget(partition);
  }

  /** Remembers what of the partition was settled and is not yet so old that a copy would be stale. */
  async rebuild(assigned: AssignedPartition): Promise<void> {
    this.forget(assigned.partition);
    for await (const messages of assigned.read(await this.#startOf(assigned))) {
      for (const message of messages) this.#rememberSettled(message);
    }
  }

  /** The first offset whose message may still matter, or a little before it. */
  async #startOf(assigned: AssignedPartition): Promise<bigint> {
    const { maxEvents } = this.#options;
    const { nextOffset } = assigned;
    for (let back = Math.min(firstLookBack, maxEvents); ; back = Math.min(back * 4, maxEvents)) {
      const from = nextOffset > BigInt(back) ? nextOffset - BigInt(back) : 0n;
      if (from === 0n || back >= maxEvents) return from;
      const [oldest, newest] = [await firstAt(assigned, from), await firstAt(assigned, nextOffset - 1n)];
      if (oldest === undefined || newest === undefined) return from;
      if (oldest.timestamp.getTime() < newest.timestamp.getTime() - this.#horizonMs) return from;
    }
  }

  /** What was refused when it was read is refused now, and leaves no trace. */
  #rememberSettled(message: BusMessage): void {
    try {
      const opened = openMessage(this.#options.rules, message);
      const identity = identityOf(this.#options.rules.security.keys, opened);
      this.knows(identity);
      this.remember(identity, message, opened.envelope.sealedAt, true);
    } catch {
      // It has its dead letter.
    }
  }
}

async function firstAt(assigned: AssignedPartition, from: bigint): Promise<BusMessage | undefined> {
  for await (const messages of assigned.read(from)) {
    if (messages[0] !== undefined) return messages[0];
  }
  return undefined;
}

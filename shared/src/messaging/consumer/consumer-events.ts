import { EventEmitter } from 'node:events';
import type { BusMessage, DeadLetterReason } from '../bus-port.ts';
import type { MessageLogger } from '../ports/index.ts';

export interface ConsumerEvents {
  /** A message went to the dead letters; refused ones did without a handler having seen them. */
  deadLetter: [letter: { readonly message: BusMessage; readonly reason: DeadLetterReason }];
  /** Messages wait and nothing moved; the consumer is being started anew. */
  stalled: [where: { readonly topic: string; readonly group: string }];
}

/** Tells whoever listens. A listener's failure is its own: a message's way must not depend on it. */
export class ConsumerEmitter {
  readonly #events = new EventEmitter<ConsumerEvents>();
  readonly #logger: MessageLogger;

  constructor(logger: MessageLogger) {
    this.#logger = logger;
  }

  on<E extends keyof ConsumerEvents>(event: E, listener: (...args: ConsumerEvents[E]) => void): void {
    this.#events.on(event, listener as never);
  }

  emit<E extends keyof ConsumerEvents>(event: E, ...args: ConsumerEvents[E]): void {
    try {
      this.#events.emit(event, ...(args as never));
    } catch {
      this.#logger.warn({ event }, 'a listener failed');
    }
  }
}

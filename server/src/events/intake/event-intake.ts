import type { EventType } from '@sdp/shared/contracts';
import type { SecureProducer } from '@sdp/shared/messaging';
import { type Arrival, groupEvents, type SizedEvent } from './event-groups.ts';
import type { LagGate } from './lag-gate.ts';

export interface EventIntakeOptions {
  readonly producer: Pick<SecureProducer, 'sendBatch'>;
  readonly gate: Pick<LagGate, 'check'>;
  readonly onAccepted?: (type: EventType, events: number) => void;
}

/** Takes events onto the bus. */
export class EventIntake {
  readonly #options: EventIntakeOptions;

  constructor(options: EventIntakeOptions) {
    this.#options = options;
  }

  /**
   * Resolves once all of the events are durable. Where it throws some of them may be; sent again, they are the same events.
   *
   * @throws {UnavailableError} `server-busy`, `bus-unavailable`, `producer-busy`: hand them in again
   */
  async accept(events: readonly SizedEvent[], arrival: Arrival): Promise<void> {
    const { producer, gate, onAccepted } = this.#options;
    await gate.check();
    const results = await Promise.allSettled(
      groupEvents(events, arrival).map(async ({ type, topic, sendings, events: count }) => {
        await producer.sendBatch(topic, sendings);
        onAccepted?.(type, count);
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

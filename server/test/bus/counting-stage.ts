import type { BusMessage, OutgoingMessage, StageOptions } from '@sdp/shared/messaging';

/**
 * A stage with state: numbers the messages of each key. State that is lost, doubled or taken from elsewhere shows in its
 * outputs. Messages whose header `fate` is `dead` go to the dead letters and count as well.
 */
export class CountingStage {
  /** Sizes of the batches it had. */
  readonly batches: number[] = [];
  readonly assigned: number[] = [];
  readonly #counts = new Map<number, Map<string, number>>();
  readonly #output: string;

  constructor(output: string) {
    this.#output = output;
  }

  /** Partitions that it has state for. */
  get partitions(): number[] {
    return [...this.#counts.keys()].sort((a, b) => a - b);
  }

  options(topic: string, group: string): StageOptions {
    return {
      topic,
      group,
      onAssigned: async ({ partition, read }) => {
        if (this.#counts.has(partition)) throw new Error('assigned without having been revoked');
        const counts = new Map<string, number>();
        for await (const messages of read(0n))
          for (const { key } of messages) counts.set(key, (counts.get(key) ?? 0) + 1);
        this.#counts.set(partition, counts);
        this.assigned.push(partition);
      },
      onRevoked: (partition) => void this.#counts.delete(partition),
      handler: async ({ messages }) => this.work(messages),
    };
  }

  work(messages: readonly BusMessage[]) {
    this.batches.push(messages.length);
    const numbered: OutgoingMessage[] = [];
    const deadLetters = [];
    for (const message of messages) {
      const counts = this.#counts.get(message.partition);
      if (counts === undefined) throw new Error('a message of a partition that was not assigned');
      const count = (counts.get(message.key) ?? 0) + 1;
      counts.set(message.key, count);
      if (message.headers['fate'] === 'dead') {
        deadLetters.push({ message, reason: { code: 'message-invalid' as const, attempts: 1 } });
      } else {
        const headers = { id: message.headers['id'] ?? '', count: String(count) };
        numbered.push({ key: message.key, value: message.value, headers });
      }
    }
    return { outputs: [{ topic: this.#output, messages: numbered }], deadLetters };
  }
}

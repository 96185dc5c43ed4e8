import type { BusMessage, Consumer } from '@sdp/shared/messaging';
import { LogReader, type LogReaderOptions } from './log-reader.ts';

export interface EmbeddedTailOptions extends Omit<LogReaderOptions, 'onNews' | 'maxBytes'> {
  readonly onMessages: (messages: readonly BusMessage[]) => void;
  readonly onClosed: (tail: EmbeddedTail) => void;
}

const maxBytes = 16 * 1024 * 1024;
const room = { messages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Shows all messages of a topic from where it stands now. */
export class EmbeddedTail implements Consumer {
  readonly reader: LogReader;
  readonly #options: EmbeddedTailOptions;
  #partitions: readonly number[] = [];

  constructor(options: EmbeddedTailOptions) {
    this.#options = options;
    this.reader = new LogReader({ ...options, maxBytes, onNews: () => this.#show() });
  }

  /** @throws the database's error */
  async start(): Promise<void> {
    const { rows } = await this.#options.pool.query<{ partition: number; next_offset: string }>(
      'SELECT partition, next_offset FROM bus_partition WHERE topic = $1',
      [this.#options.topic],
    );
    this.#partitions = rows.map(({ partition }) => partition);
    for (const { partition, next_offset } of rows) this.reader.begin(partition, BigInt(next_offset));
  }

  async close(): Promise<void> {
    this.#partitions = [];
    this.#options.onClosed(this);
    await this.reader.close();
  }

  #show(): void {
    const messages: BusMessage[] = [];
    for (const partition of this.#partitions) {
      for (const message of this.reader.take(partition, room)?.messages ?? []) messages.push(message);
    }
    if (messages.length === 0) return;
    try {
      this.#options.onMessages(messages);
    } catch {
      this.#options.logger.error({ topic: this.#options.topic }, 'what a tail shows to threw');
    }
  }
}

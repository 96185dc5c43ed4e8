import type { BusMessage } from '@sdp/shared/messaging';
import type { Room, Taken } from '../stage/stage-partition.ts';

/** What was fetched of a partition and not taken. */
export class FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Called when something can be taken. */
  onArrival: () => void = () => undefined;
  /** Called when there is room for more. */
  readonly #onTaken: () => void;
  #position: bigint;
  #queue: BusMessage[] = [];
  #taken = 0;
  #bufferedBytes = 0;

  constructor(topic: string, partition: number, position: bigint, onTaken: () => void) {
    this.topic = topic;
    this.partition = partition;
    this.#position = position;
    this.#onTaken = onTaken;
  }

  /** Offset to fetch next. */
  get position(): bigint {
    return this.#position;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Takes in what a fetch from the position brought. */
  push(messages: readonly BusMessage[], position: bigint): void {
    for (const message of messages) {
      this.#queue.push(message);
      this.#bufferedBytes += message.value.byteLength;
    }
    this.#position = position;
    if (messages.length > 0) this.onArrival();
  }

  /** Goes on at `position`, whatever was fetched. */
  reset(position: bigint): void {
    this.#queue = [];
    this.#taken = 0;
    this.#bufferedBytes = 0;
    this.#position = position;
    this.#onTaken();
  }

  shift(): BusMessage | undefined {
    const message = this.#queue[this.#taken];
    if (message === undefined) return undefined;
    this.#drop(1, message.value.byteLength);
    return message;
  }

  take(room: Room): Taken | undefined {
    const messages: BusMessage[] = [];
    let bytes = 0;
    for (let n = this.#taken; n < this.#queue.length && messages.length < room.messages; n++) {
      const message = this.#queue[n] as BusMessage;
      if (messages.length > 0 && bytes + message.value.byteLength > room.bytes) break;
      messages.push(message);
      bytes += message.value.byteLength;
    }
    const last = messages.at(-1);
    if (last === undefined) return undefined;
    this.#drop(messages.length, bytes);
    // Behind the last message there may be records that are the broker's own.
    return { messages, nextOffset: this.#queue.length === 0 ? this.#position : last.offset + 1n };
  }

  #drop(count: number, bytes: number): void {
    this.#taken += count;
    if (this.#taken >= this.#queue.length || this.#taken > 1_000) {
      this.#queue = this.#queue.slice(this.#taken);
      this.#taken = 0;
    }
    this.#bufferedBytes -= bytes;
    this.#onTaken();
  }
}

import type { OutgoingMessage } from '@sdp/shared/messaging';

/** The messages of one `publish` call: durable together or not at all. */
export interface PublishCall {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
}

interface WaitingCall extends PublishCall {
  readonly sizeBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A flush takes no more than this, unless a single call is larger. */
const flushBytes = 8 * 1024 * 1024;

/**
 * Sends calls one flush at a time, in order. What arrives during a flush goes out with the next: batches form by
 * themselves under load and nobody waits when there is none.
 */
export class PublishQueue {
  readonly #flush: (calls: readonly PublishCall[]) => Promise<void>;
  #waiting: WaitingCall[] = [];
  #running: Promise<void> | undefined;

  constructor(flush: (calls: readonly PublishCall[]) => Promise<void>) {
    this.#flush = flush;
  }

  publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const sizeBytes = messages.reduce((sum, message) => sum + message.value.byteLength + 200, 0);
      this.#waiting.push({ topic, messages, sizeBytes, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything that was handed over is out or has failed. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // A turn of the event loop, so that calls made together go out together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#flushSome(this.#take());
    this.#running = undefined;
  }

  #take(): WaitingCall[] {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length; count++) {
      bytes += this.#waiting[count]?.sizeBytes ?? 0;
      if (count > 0 && bytes > flushBytes) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #flushSome(calls: readonly WaitingCall[]): Promise<void> {
    try {
      await this.#flush(calls);
      for (const call of calls) call.resolve();
    } catch (error) {
      if (calls.length === 1) {
        calls[0]?.reject(error);
        return;
      }
      // One call may have spoilt it for the others.
      for (const call of calls) await this.#flushSome([call]);
    }
  }
}

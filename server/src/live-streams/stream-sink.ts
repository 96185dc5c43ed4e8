import { once } from 'node:events';
import type { Response } from 'express';
import type { WebSocket } from 'ws';

/** Why a stream ended. `forgotten`: what came behind its place is no longer kept. */
export const endCodes = ['closing', 'slow', 'unauthorized', 'forgotten', 'failed'] as const;
export type EndCode = (typeof endCodes)[number];

/** What a stream shows. */
export interface StreamItem {
  /** Whoever comes back with it goes on behind it. */
  readonly id: string;
  /** What kind it is. */
  readonly event: string;
  /** In one line. */
  readonly json: string;
}

/** The client's end of a stream. Each call is to be waited for before the next one: so no more is held than what is being sent. */
export interface StreamSink {
  /** Aborts when the connection has ended, whoever ended it. */
  readonly signal: AbortSignal;
  /** @returns false when the client doesn't take it in time */
  send(items: readonly StreamItem[]): Promise<boolean>;
  /** Shows that the connection lives, and how far the client has come. @returns false when it doesn't take it in time */
  heartbeat(position: string): Promise<boolean>;
  /** Says why, as far as the client still reads, and closes. */
  end(code: EndCode): void;
}

/** What isn't taken in a moment won't be taken at all. */
const farewellMs = 1_000;

/** Server-sent events (HTML, 9.2). */
export class EventStreamSink implements StreamSink {
  readonly #response: Response;
  readonly #slowMs: number;
  readonly #ended = new AbortController();

  constructor(response: Response, slowMs: number) {
    this.#response = response;
    this.#slowMs = slowMs;
    response.once('close', () => this.#ended.abort());
    response.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no', Connection: 'close' });
    response.flushHeaders();
    response.write('retry: 2000\n\n');
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  send(items: readonly StreamItem[]): Promise<boolean> {
    let text = '';
    for (const { id, event, json } of items) text += `id: ${id}\nevent: ${event}\ndata: ${json}\n\n`;
    return this.#write(text);
  }

  heartbeat(position: string): Promise<boolean> {
    // An event without data is none, but its id is kept.
    return this.#write(`: heartbeat\nid: ${position}\n\n`);
  }

  end(code: EndCode): void {
    if (this.signal.aborted) return;
    const response = this.#response;
    response.end(`event: end\ndata: ${JSON.stringify({ code })}\n\n`);
    this.#ended.abort();
    setTimeout(() => response.destroy(), farewellMs).unref();
  }

  async #write(text: string): Promise<boolean> {
    if (this.signal.aborted || this.#response.write(text)) return true;
    try {
      await once(this.#response, 'drain', {
        signal: AbortSignal.any([AbortSignal.timeout(this.#slowMs), this.signal]),
      });
      return true;
    } catch {
      return this.signal.aborted;
    }
  }
}

/** RFC 6455, 7.4.1, and of our own from 4000 on. */
const closeCodes: Readonly<Record<EndCode, number>> = {
  closing: 1001,
  failed: 1011,
  unauthorized: 4401,
  slow: 4408,
  forgotten: 4410,
};

/** One message of JSON for each item. */
export class WebSocketSink implements StreamSink {
  readonly #socket: WebSocket;
  readonly #slowMs: number;
  readonly #ended = new AbortController();
  #isAlive = true;

  constructor(socket: WebSocket, slowMs: number) {
    this.#socket = socket;
    this.#slowMs = slowMs;
    socket.on('close', () => this.#ended.abort());
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    // Nothing is to be said here: the filters stand in the address.
    socket.on('message', () => socket.close(1003, 'no messages are taken'));
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  async send(items: readonly StreamItem[]): Promise<boolean> {
    const messages = items.map(({ id, event, json }) => `{"id":"${id}","event":"${event}","data":${json}}`);
    return this.#within((done) => {
      for (const [i, message] of messages.entries())
        this.#socket.send(message, i === messages.length - 1 ? done : noop);
    });
  }

  async heartbeat(position: string): Promise<boolean> {
    if (!this.#isAlive) return false;
    this.#isAlive = false;
    return this.#within((done) => {
      this.#socket.send(`{"id":"${position}","event":"heartbeat"}`, noop);
      this.#socket.ping(undefined, undefined, done);
    });
  }

  end(code: EndCode): void {
    if (this.signal.aborted) return;
    const socket = this.#socket;
    socket.close(closeCodes[code], code);
    this.#ended.abort();
    setTimeout(() => socket.terminate(), farewellMs).unref();
  }

  /** @param write calls back once everything has gone to the network */
  #within(write: (done: () => void) => void): Promise<boolean> {
    if (this.signal.aborted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (isTaken: boolean) => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', onEnd);
        resolve(isTaken);
      };
      const onEnd = () => settle(true);
      const timer = setTimeout(() => settle(false), this.#slowMs);
      this.signal.addEventListener('abort', onEnd, { once: true });
      write(() => settle(true));
    });
  }
}

function noop(): void {}

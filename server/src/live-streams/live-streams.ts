import { RejectedError, UnavailableError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { WebSocketServer } from 'ws';
import type { z } from 'zod';
import { contextOf, named, parsedAs, principalOf, takeOver, upgradeOf } from '../http/index.ts';
import type { Guard, Permission, Principal } from '../identity/index.ts';
import { errorFields } from '../observability/index.ts';
import { follow } from './follow.ts';
import type { LiveStreamMetrics, StreamKind } from './live-stream-metrics.ts';
import type { StreamFeed, StreamStart } from './stream-feed.ts';
import { EventStreamSink, type StreamSink, WebSocketSink } from './stream-sink.ts';

/** How streams are served, whatever they show. */
export interface LiveStreamSettings {
  readonly guard: Guard;
  /** Whether who asked still may: asked again while the stream lasts. */
  readonly isAllowed: (request: Request, permission: Permission) => Promise<boolean>;
  readonly maxStreams: number;
  readonly metrics: LiveStreamMetrics;
  /** A client that takes nothing for so long is cut off. */
  readonly slowMs?: number;
  readonly heartbeatMs?: number;
  readonly checkMs?: number;
}

export interface LiveStreamsOptions<F extends { readonly after?: string | undefined }> extends LiveStreamSettings {
  readonly kind: StreamKind;
  readonly path: string;
  readonly permission: Permission;
  readonly querySchema: z.ZodType<F>;
  readonly feed: StreamFeed<Omit<F, 'after'>>;
}

const maxStreamsPerPrincipal = 20;

/**
 * Serves streams of one kind, as server-sent events or over a WebSocket. Each goes at its own pace from its own place on: whoever
 * is slow holds back nobody, and whoever comes back with the id of the last item misses none.
 */
export class LiveStreams<F extends { readonly after?: string | undefined }> {
  readonly #options: LiveStreamsOptions<F>;
  readonly #webSockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  readonly #open = new Map<StreamSink, string>();
  /** Requests that are on their way to a stream. */
  readonly #opening = new Map<object, string>();
  #isClosed = false;

  constructor(options: LiveStreamsOptions<F>) {
    this.#options = options;
    options.metrics.watchOpen(options.kind, () => this.size);
  }

  get size(): number {
    return this.#open.size;
  }

  routes(): Router {
    const { path, permission, guard, querySchema, feed } = this.#options;
    const router = Router();
    router.get(path, named(path), ...guard(permission), async (request, response) => {
      const principal = principalOf(response);
      const claim = this.#claim(principal);
      try {
        const { after, ...filter } = parsedAs(querySchema, request.query);
        const start = await feed.begin(principal.tenants, request.get('last-event-id') || after, filter);
        if (this.#isClosed || request.socket.destroyed) throw new UnavailableError('server-busy');
        this.#start(request, response, principal, start);
      } finally {
        this.#opening.delete(claim);
      }
    });
    return router;
  }

  /** Ends all streams; their clients come back with the id of the last item. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const sink of this.#open.keys()) sink.end('closing');
    await this.#options.feed.close();
  }

  #start(request: Request, response: Response, principal: Principal, start: StreamStart): void {
    const { slowMs = 10_000 } = this.#options;
    const upgrade = upgradeOf(request);
    contextOf(response).isStream = true;
    if (!upgrade) {
      this.#follow(new EventStreamSink(response, slowMs), request, response, principal, start);
      return;
    }
    const onEnd = takeOver(response, upgrade);
    upgrade.socket.once('close', onEnd);
    this.#webSockets.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) => {
      this.#follow(new WebSocketSink(socket, slowMs), request, response, principal, start);
    });
  }

  #follow(sink: StreamSink, request: Request, response: Response, { id }: Principal, start: StreamStart): void {
    const { isAllowed, permission, kind, metrics, heartbeatMs = 15_000, checkMs = 2_000 } = this.#options;
    this.#open.set(sink, id);
    void follow({
      ...{ start, sink, heartbeatMs, checkMs },
      isAllowed: () => isAllowed(request, permission),
      onSent: (items) => metrics.sent(kind, items),
    })
      .catch((error: unknown) => {
        contextOf(response).logger.warn(errorFields(error), 'live stream broke off');
        return 'failed' as const;
      })
      .then((code) => {
        metrics.ended(kind, !sink.signal.aborted ? code : this.#isClosed ? 'closing' : 'left');
        sink.end(code);
        this.#open.delete(sink);
      });
  }

  /** @throws {RejectedError} `rate-limited` @throws {UnavailableError} `server-busy` */
  #claim({ id }: Principal): object {
    const ids = [...this.#open.values(), ...this.#opening.values()];
    if (ids.filter((each) => each === id).length >= maxStreamsPerPrincipal) {
      throw new RejectedError('rate-limited', { message: 'As many such streams are open as one caller may have' });
    }
    if (this.#isClosed || ids.length >= this.#options.maxStreams) {
      throw new UnavailableError('server-busy', { message: 'As many streams are open as the server takes' });
    }
    const claim = {};
    this.#opening.set(claim, id);
    return claim;
  }
}

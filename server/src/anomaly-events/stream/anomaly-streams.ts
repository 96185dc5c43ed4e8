import { anomalyLevelSchema, anomalyStateSchema, clientIdSchema } from '@sdp/shared/contracts';
import { InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Pool } from '../../database/index.ts';
import { contextOf, named, parsedAs, principalOf, takeOver, upgradeOf } from '../../http/index.ts';
import type { Guard, Principal } from '../../identity/index.ts';
import { changeEnd, highestNumber } from './anomaly-changes.ts';
import { ChangeFeed } from './change-feed.ts';
import { type ChangeFilter, followChanges } from './follow-changes.ts';
import { EventStreamSink, type StreamSink, WebSocketSink } from './stream-sink.ts';

export interface AnomalyStreamsOptions {
  readonly pool: Pool;
  readonly guard: Guard;
  /** Whether who asked still may: asked again while the stream lasts. */
  readonly isAllowed: (request: Request) => Promise<boolean>;
  readonly maxStreams: number;
  readonly onFailed: (error: unknown) => void;
  /** A client that takes nothing for so long is cut off. */
  readonly slowMs?: number;
  readonly heartbeatMs?: number;
  readonly checkMs?: number;
}

export const anomalyStreamPath = '/api/v1/anomalies/stream';
const maxStreamsPerPrincipal = 20;

const positionSchema = z.string().regex(/^\d{1,18}$/);
const nameSchema = z.string().min(1).max(128);
export const anomalyStreamQuerySchema = z.strictObject({
  client_id: clientIdSchema.optional(),
  type: nameSchema.optional().meta({ description: 'An alert_type' }),
  level: anomalyLevelSchema.optional(),
  user_id: nameSchema.optional(),
  state: anomalyStateSchema.optional().meta({ description: 'To which the anomaly came' }),
  after: positionSchema.optional().meta({ description: 'Id of the last event that was seen; 0 for all there are' }),
});

/**
 * Shows anomalies as they are found and handled, as server-sent events or over a WebSocket. Each stream goes at its own pace from
 * its own place on: whoever is slow holds back nobody, and whoever comes back with the id of the last event misses none.
 */
export class AnomalyStreams {
  readonly #options: AnomalyStreamsOptions;
  readonly #feed: ChangeFeed;
  readonly #webSockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  readonly #open = new Map<StreamSink, string>();
  /** Requests that are on their way to a stream. */
  readonly #opening = new Map<object, string>();
  #isClosed = false;

  constructor(options: AnomalyStreamsOptions) {
    this.#options = options;
    this.#feed = new ChangeFeed({ pool: options.pool, onFailed: options.onFailed });
  }

  get size(): number {
    return this.#open.size;
  }

  routes(): Router {
    const router = Router();
    const path = anomalyStreamPath;
    router.get(path, named(path), ...this.#options.guard('anomalies:read'), async (request, response) => {
      const principal = principalOf(response);
      const claim = this.#claim(principal);
      try {
        const { after, ...filter } = parsedAs(anomalyStreamQuerySchema, request.query);
        const position = await this.#positionOf(request.get('last-event-id') || after);
        if (this.#isClosed || request.socket.destroyed) throw new UnavailableError('server-busy');
        this.#start(request, response, principal, position, filter);
      } finally {
        this.#opening.delete(claim);
      }
    });
    return router;
  }

  /** Ends all streams; their clients come back with the id of the last event. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const sink of this.#open.keys()) sink.end('closing');
    await this.#feed.close();
  }

  #start(request: Request, response: Response, principal: Principal, position: bigint, filter: ChangeFilter): void {
    const { slowMs = 10_000 } = this.#options;
    const upgrade = upgradeOf(request);
    contextOf(response).isStream = true;
    if (!upgrade) {
      this.#follow(new EventStreamSink(response, slowMs), request, response, principal, position, filter);
      return;
    }
    const onEnd = takeOver(response, upgrade);
    upgrade.socket.once('close', onEnd);
    this.#webSockets.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) => {
      this.#follow(new WebSocketSink(socket, slowMs), request, response, principal, position, filter);
    });
  }

  #follow(
    sink: StreamSink,
    request: Request,
    response: Response,
    { tenants, id }: Principal,
    position: bigint,
    filter: ChangeFilter,
  ): void {
    const { isAllowed, heartbeatMs = 15_000, checkMs = 2_000 } = this.#options;
    this.#open.set(sink, id);
    followChanges({
      ...{ feed: this.#feed, sink, tenants, position, filter, heartbeatMs, checkMs },
      isAllowed: () => isAllowed(request),
    })
      .then(
        (code) => sink.end(code),
        () => {
          contextOf(response).logger.warn({}, 'stream of anomalies broke off');
          sink.end('failed');
        },
      )
      .finally(() => this.#open.delete(sink));
  }

  /** @throws {InputError} `request-invalid` for a position that isn't of this database */
  async #positionOf(given: string | undefined): Promise<bigint> {
    const { pool } = this.#options;
    if (given === undefined) return (await changeEnd(pool)).last;
    const position = positionSchema.safeParse(given);
    if (position.success && BigInt(position.data) <= (await highestNumber(pool))) return BigInt(position.data);
    throw new InputError('request-invalid', {
      details: { findings: [{ field: 'Last-Event-ID', message: 'must be the id of an event of this stream' }] },
    });
  }

  /** @throws {RejectedError} `rate-limited` @throws {UnavailableError} `server-busy` */
  #claim({ id }: Principal): object {
    const ids = [...this.#open.values(), ...this.#opening.values()];
    if (ids.filter((each) => each === id).length >= maxStreamsPerPrincipal) {
      throw new RejectedError('rate-limited', { message: 'Anomalies are followed often enough by one caller' });
    }
    if (this.#isClosed || ids.length >= this.#options.maxStreams) {
      throw new UnavailableError('server-busy', { message: 'As many streams are open as the server takes' });
    }
    const claim = {};
    this.#opening.set(claim, id);
    return claim;
  }
}

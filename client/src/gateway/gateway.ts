import type { KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ConfigError, InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import type { EventTreatment, Intake, Spool } from '../events/index.ts';
import { contentTypes, type OtlpEncoding, type Signal, signals, successAnswer } from './answers.ts';
import { decodeMessage } from './decode-message.ts';
import { send, sendFailure } from './failure-answer.ts';
import { logEvents } from './log-events.ts';
import { metricEvents } from './metric-events.ts';
import { MetricIntervals } from './metric-intervals.ts';
import type { MetricMapping } from './metric-mapping.ts';
import { logsRequestFields, metricsRequestFields } from './otlp-messages.ts';
import { readLogsJson, readMetricsJson } from './read-json.ts';
import { receiveBody } from './receive-body.ts';
import type { RequestEvents } from './request-event.ts';
import { requestIds } from './request-ids.ts';
import { assertSender } from './sender-check.ts';

export interface GatewayOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly spool: Spool;
  readonly intake: Intake;
  readonly treat: EventTreatment;
  readonly userAttributes: readonly string[];
  readonly mappings: readonly MetricMapping[];
  /** Of the ids that events get. */
  readonly idKey: KeyObject;
  /** Of a body, unpacked too. */
  readonly maxBodyBytes: number;
  /** Requests whose events are on their way to the disk. */
  readonly maxRequests: number;
  /** Certificate chain and key (PEM); HTTP without. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** What senders have to show. */
  readonly token?: string | undefined;
}

const busySeconds = 1;
const fullSeconds = 5;
const requestTimeoutMs = 30_000;
const maxConnections = 512;
/** Events between two looks at whether there is room for more; others get their turn then too. */
const eventsAtOnce = 256;

/**
 * An OTLP/HTTP receiver (OpenTelemetry protocol 1.x): answers success only once all events of a request are durable in the
 * spool, or put aside as refused.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #intervals = new MetricIntervals(Date.now());
  readonly #failed = Promise.withResolvers<never>();
  #requests = 0;
  /** Room in the spool that requests under way may need. */
  #expectedBytes = 0;

  /** @throws {ConfigError} `receiver-unusable` for a certificate or key that is none */
  constructor(options: GatewayOptions) {
    this.#options = options;
    const how = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs };
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = options.tls === undefined ? createServer(how, handle) : tlsServer(how, options.tls, handle);
    this.#server.maxConnections = maxConnections;
    this.#failed.promise.catch(() => undefined);
  }

  /** @throws {ConfigError} `receiver-unusable` */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'the port is taken' : (error.code ?? 'unknown');
        reject(
          new ConfigError('receiver-unusable', { message: `The gateway cannot listen at ${host}:${port}: ${reason}` }),
        );
      });
      this.#server.listen(port, host, resolve);
    });
    return this.#server.address() as AddressInfo;
  }

  /** Serves until the signal. @throws what taking events failed with */
  async serve(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onAbort = () => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) resolve();
    try {
      await Promise.race([promise, this.#failed.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      const closed = new Promise((done) => this.#server.close(done));
      this.#server.closeIdleConnections();
      // Those that are being answered get their answer; nobody is waited for who never ends a request.
      const timer = setTimeout(() => this.#server.closeAllConnections(), 2_000);
      await closed;
      clearTimeout(timer);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request);
    try {
      assertSender(request, this.#options.host, this.#options.token);
      const signal = signalOf(request);
      if (encoding === undefined) throw new RejectedError('media-type-unsupported');
      if (this.#requests >= this.#options.maxRequests) {
        throw new RejectedError('rate-limited', {
          message: 'The gateway is taking as many requests as it can',
          details: { retryAfterSeconds: busySeconds },
        });
      }
      this.#requests += 1;
      try {
        const body = await receiveBody(request, this.#options.maxBodyBytes);
        const { rejected, message } = await this.#take(signal, encoding, body);
        send(response, 200, encoding, successAnswer(encoding, signal, rejected, message));
      } finally {
        this.#requests -= 1;
      }
    } catch (error) {
      sendFailure(request, response, encoding ?? 'json', error);
    }
  }

  async #take(signal: Signal, encoding: OtlpEncoding, body: Buffer): Promise<{ rejected: number; message: string }> {
    // As JSON an event is rarely more than twice of what it was.
    const expected = 2 * body.length;
    if (!this.#options.spool.hasRoomFor(this.#expectedBytes + expected)) {
      throw busy('The spool is full until events are delivered');
    }
    this.#expectedBytes += expected;
    try {
      const { events, unusable } = this.#eventsOf(signal, encoding, body);
      const idOf = requestIds(this.#options.idKey, signal, body);
      return await this.#store(events, unusable, idOf);
    } finally {
      this.#expectedBytes -= expected;
    }
  }

  async #store(
    events: RequestEvents['events'],
    unusable: number,
    idOf: (position: string) => string,
  ): Promise<{ rejected: number; message: string }> {
    const { intake, treat } = this.#options;
    let rejected = unusable;
    let reason = unusable > 0 ? 'values that are no finite numbers' : '';
    try {
      for (const [at, { event, position, items }] of events.entries()) {
        const treated = treat(event, 0);
        if ('event' in treated) {
          intake.add(position === undefined ? treated.event : { ...treated.event, event_id: idOf(position) });
        } else {
          intake.refuse(treated.refused, undefined, JSON.stringify(event));
          rejected += items;
          reason = `${treated.refused.field ?? 'an event'} ${treated.refused.reason}`;
        }
        if (at % eventsAtOnce === eventsAtOnce - 1) await intake.ready();
      }
      await intake.flush();
    } catch (error) {
      // Nothing more can be taken; whoever sends this again may find a gateway that can.
      this.#failed.reject(error);
      throw busy('The gateway cannot store events');
    }
    return { rejected, message: rejected === 0 ? '' : `${rejected} refused: ${reason}` };
  }

  #eventsOf(signal: Signal, encoding: OtlpEncoding, body: Buffer): RequestEvents {
    const { userAttributes, mappings } = this.#options;
    const text = () => utf8Of(body);
    if (signal === 'logs') {
      const request = encoding === 'json' ? readLogsJson(text()) : decodeMessage(body, logsRequestFields);
      return logEvents(request, userAttributes);
    }
    const request = encoding === 'json' ? readMetricsJson(text()) : decodeMessage(body, metricsRequestFields);
    return metricEvents(request, { mappings, intervals: this.#intervals });
  }
}

function tlsServer(
  how: object,
  tls: { readonly cert: string; readonly key: string },
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  try {
    return createTlsServer({ ...how, ...tls, minVersion: 'TLSv1.2' }, handle);
  } catch {
    // What OpenSSL says may quote the files.
    throw new ConfigError('receiver-unusable', {
      message: 'The certificate and the key of the gateway are not PEM files that belong together',
      remedy: 'Look at the files that --tls-cert and --tls-key name.',
    });
  }
}

function encodingOf(request: IncomingMessage): OtlpEncoding | undefined {
  const [type] = (request.headers['content-type'] ?? '').split(';');
  const name = type?.trim().toLowerCase();
  return name === contentTypes.json ? 'json' : name === contentTypes.protobuf ? 'protobuf' : undefined;
}

function signalOf(request: IncomingMessage): Signal {
  const path = (request.url ?? '').split('?')[0];
  const [signal] = Object.entries(signals).find(([, { path: known }]) => known === path) ?? [];
  if (signal === undefined)
    throw new RejectedError('not-found', { message: 'The gateway takes /v1/logs and /v1/metrics' });
  if (request.method !== 'POST') {
    throw new RejectedError('not-found', { message: 'The gateway takes POST alone', details: { status: 405 } });
  }
  return signal as Signal;
}

/** @throws {InputError} `request-malformed` for bytes that would have to be guessed */
function utf8Of(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new InputError('request-malformed', { message: 'The body is not valid UTF-8' });
  }
}

function busy(message: string): UnavailableError {
  return new UnavailableError('server-busy', { message, details: { retryAfterSeconds: fullSeconds } });
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError, InputError, RejectedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import type { DraftEvent, EventTreatment, Intake, Spool } from '../events/index.ts';
import {
  contentTypes,
  type OtlpEncoding,
  rpcCodes,
  type Signal,
  signals,
  statusAnswer,
  successAnswer,
} from './answers.ts';
import { decodeMessage } from './decode-message.ts';
import { logEvents } from './log-events.ts';
import { metricEvents } from './metric-events.ts';
import { logsRequestFields, metricsRequestFields } from './otlp-messages.ts';
import { readLogsJson, readMetricsJson } from './read-json.ts';
import { receiveBody } from './receive-body.ts';

export interface GatewayOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly spool: Spool;
  readonly intake: Intake;
  readonly treat: EventTreatment;
  readonly userAttributes: readonly string[];
  /** Of a body, unpacked too. */
  readonly maxBodyBytes: number;
  /** Requests whose events are on their way to the disk. */
  readonly maxRequests: number;
}

/** An item of a request: an event, and how many items of the request it stands for. */
interface Item {
  readonly event: DraftEvent;
  readonly items: number;
}

const busySeconds = 1;
const fullSeconds = 5;
const requestTimeoutMs = 30_000;

/**
 * An OTLP/HTTP receiver (OpenTelemetry protocol 1.x): answers success only once all events of a request are durable in the
 * spool, or put aside as refused.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server: Server;
  readonly #failed = Promise.withResolvers<never>();
  #requests = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#server = createServer(
      { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
      (request, response) => {
        void this.#handle(request, response);
      },
    );
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
      assertLocalName(request, this.#options.host);
      const signal = signalOf(request);
      if (encoding === undefined) throw new RejectedError('media-type-unsupported');
      if (this.#requests >= this.#options.maxRequests)
        throw busy('The gateway is taking as many requests as it can', busySeconds);
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
    const { spool, intake, treat } = this.#options;
    // As JSON an event is rarely more than twice of what it was.
    if (!spool.hasRoomFor(2 * body.length)) throw busy('The spool is full until events are delivered', fullSeconds);
    const { items, unusable } = itemsOf(signal, encoding, body, this.#options.userAttributes);
    let rejected = unusable;
    let reason = unusable > 0 ? 'values that are no finite numbers' : '';
    for (const { event, items: count } of items) {
      const treated = treat(event, 0);
      if ('event' in treated) intake.add(treated.event);
      else {
        intake.refuse(treated.refused, undefined, JSON.stringify(event));
        rejected += count;
        reason = `${treated.refused.field ?? 'an event'} ${treated.refused.reason}`;
      }
    }
    try {
      await intake.flush();
    } catch (error) {
      // Nothing more can be taken; whoever sends this again may find a gateway that can.
      this.#failed.reject(error);
      throw busy('The gateway cannot store events', fullSeconds);
    }
    return { rejected, message: rejected === 0 ? '' : `${rejected} refused: ${reason}` };
  }
}

function itemsOf(
  signal: Signal,
  encoding: OtlpEncoding,
  body: Buffer,
  userAttributes: readonly string[],
): { readonly items: readonly Item[]; readonly unusable: number } {
  const text = () => body.toString('utf8');
  if (signal === 'logs') {
    const request = encoding === 'json' ? readLogsJson(text()) : decodeMessage(body, logsRequestFields);
    return { items: logEvents(request, userAttributes).map((event) => ({ event, items: 1 })), unusable: 0 };
  }
  const request = encoding === 'json' ? readMetricsJson(text()) : decodeMessage(body, metricsRequestFields);
  const { samples, unusable } = metricEvents(request);
  return { items: samples.map(({ event, points }) => ({ event, items: points })), unusable };
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
  if (request.method !== 'POST') throw new RejectedError('not-found', { message: 'The gateway takes POST alone' });
  return signal as Signal;
}

/** A page in a browser can make a name of its own lead to this machine; a gateway for this machine answers to no such name. */
function assertLocalName(request: IncomingMessage, host: string): void {
  if (!isLoopbackName(host)) return;
  const named = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? '';
  if (!isLoopbackName(named))
    throw new RejectedError('forbidden', { message: 'The gateway answers to names of this machine alone' });
}

/** Whether an address or name is that of this machine alone. */
export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function busy(message: string, retryAfterSeconds: number): UnavailableError {
  return new UnavailableError('server-busy', { message, details: { retryAfterSeconds } });
}

function send(response: ServerResponse, status: number, encoding: OtlpEncoding, body: Uint8Array, headers = {}): void {
  response
    .writeHead(status, { 'content-type': contentTypes[encoding], 'content-length': body.length, ...headers })
    .end(body);
}

/** A `google.rpc.Status` in the encoding of the request, as OTLP/HTTP has it. */
function sendFailure(request: IncomingMessage, response: ServerResponse, encoding: OtlpEncoding, error: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const known = error instanceof SdpError ? error : new SdpError('internal');
  const { status, code } = statusOf(known);
  const wait = known.details.retryAfterSeconds;
  const headers = {
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    // What of the body was not read would be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  };
  send(response, status, encoding, statusAnswer(encoding, code, known.message), headers);
}

function statusOf(error: SdpError): { readonly status: number; readonly code: number } {
  if (error instanceof UnavailableError) return { status: 503, code: rpcCodes.unavailable };
  if (error instanceof InputError) return { status: 400, code: rpcCodes.invalidArgument };
  switch (error.code) {
    case 'payload-too-large':
      return { status: 413, code: rpcCodes.resourceExhausted };
    case 'media-type-unsupported':
      return { status: 415, code: rpcCodes.invalidArgument };
    case 'not-found':
      return { status: 404, code: rpcCodes.unimplemented };
    case 'forbidden':
      return { status: 403, code: rpcCodes.invalidArgument };
    default:
      return { status: 500, code: rpcCodes.internal };
  }
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type Event,
  eventSchema,
  eventsAcceptedSchema,
  type ServerInfo,
  serverInfoSchema,
} from '@sdp/shared/contracts';
import { scanCell } from '@sdp/shared/detection';
import { InputError, RejectedError, type SdpError, UnavailableError } from '@sdp/shared/errors';
import { sendProblem } from './protocol-server.ts';

/** What a fault does to a request with events: an answer instead of taking it, or only the first of its lines, or no answer. */
export type EventFault =
  | { readonly kind: 'status'; readonly error: SdpError; readonly retryAfter?: number }
  /** Takes so many lines, then fails. */
  | { readonly kind: 'partial'; readonly lines: number }
  /** Takes all of it, and cuts the connection before the answer. */
  | { readonly kind: 'lost-answer' }
  | { readonly kind: 'cut' };

export interface EventServerOptions {
  readonly port?: number;
  readonly info?: Partial<ServerInfo>;
  /** Asked before each request with events. */
  readonly fault?: (request: number) => EventFault | undefined;
  /** Refuses an event that fits the contract. */
  readonly refuses?: (event: Event) => boolean;
}

/**
 * `POST /api/v1/events` as the contracts describe it, in memory: events are checked by the schema that the real server uses and
 * by its detection; of a stream the lines before a refused one are taken, and the answer says how many that were.
 */
export class EventServer {
  /** Every event that was taken, repeats included, in order of arrival. */
  readonly arrived: Event[] = [];
  /** Bodies as they came over the wire, and decompressed. */
  readonly bodies: Buffer[] = [];
  requests = 0;
  readonly #options: EventServerOptions;
  readonly #server: Server;

  private constructor(options: EventServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static readonly apiKey = 'sdp_test_0123456789abcdef';

  static async start(options: EventServerOptions = {}): Promise<EventServer> {
    const server = new EventServer(options);
    await new Promise<void>((resolve) => server.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Each event once, in the order in which it came first. */
  get events(): Event[] {
    const seen = new Map<string, Event>();
    for (const event of this.arrived) if (!seen.has(event.event_id)) seen.set(event.event_id, event);
    return [...seen.values()];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.headers['x-api-key'] !== EventServer.apiKey) throw new RejectedError('unauthorized');
      if (request.url === '/api/v1/server-info') {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.#info()));
        return;
      }
      if (request.method !== 'POST' || request.url !== '/api/v1/events') throw new RejectedError('not-found');
      this.#events(request, Buffer.concat(chunks), response);
    } catch (error) {
      if (!response.headersSent && !response.destroyed) sendProblem(response, error);
    }
  }

  #events(request: IncomingMessage, wire: Buffer, response: ServerResponse): void {
    this.requests += 1;
    const fault = this.#options.fault?.(this.requests);
    if (fault?.kind === 'cut') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'status') {
      const wait = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      sendProblem(response, fault.error, wait);
      return;
    }
    if (!String(request.headers['content-type']).startsWith('application/x-ndjson')) {
      throw new RejectedError('media-type-unsupported');
    }
    const encoding = request.headers['content-encoding'];
    const body = encoding === 'zstd' ? zstdDecompressSync(wire) : encoding === 'gzip' ? gunzipSync(wire) : wire;
    this.bodies.push(wire, body);
    const lines = body
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    for (const [index, line] of lines.entries()) {
      if (fault?.kind === 'partial' && index === fault.lines) {
        throw withAccepted(new UnavailableError('server-busy', { details: { accepted: index } }), index, response);
      }
      const refusal = this.#take(line, index + 1);
      if (refusal !== undefined) throw withAccepted(refusal, index, response);
    }
    if (fault?.kind === 'lost-answer') {
      request.socket.destroy();
      return;
    }
    const answer = eventsAcceptedSchema.parse({ accepted: lines.length });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #take(text: string, line: number): SdpError | undefined {
    const parsed = eventSchema.safeParse(JSON.parse(text));
    if (!parsed.success) {
      return new InputError('request-invalid', {
        details: { findings: [{ message: 'is not valid', field: 'event', line }] },
      });
    }
    const texts = JSON.stringify(parsed.data, (_name, value: unknown) => value);
    if (
      scanCell(texts.replaceAll(/[{}[\]",]/g, ' '))?.kind === 'email' ||
      this.#options.refuses?.(parsed.data) === true
    ) {
      return new InputError('raw-pii-found', {
        details: { findings: [{ message: 'an e-mail address', field: 'message', line }] },
      });
    }
    this.arrived.push(parsed.data);
    return undefined;
  }

  #info(): ServerInfo {
    return serverInfoSchema.parse({
      service: 'ingestion_api',
      version: '0.0.0-test',
      client_id: 'acme',
      processing_types: ['risk_scoring', 'anonymization', 'anomaly_detection'],
      content_encodings: ['gzip', 'zstd'],
      declared_safe_allowed: true,
      max_body_bytes: 1_000_000_000,
      max_records: 1_000_000,
      key_fingerprints: ['f'.repeat(64)],
      ...this.#options.info,
    });
  }
}

/** Problem details with the number of lines that stand for good. */
function withAccepted(error: SdpError, accepted: number, response: ServerResponse): SdpError {
  const end = response.end.bind(response);
  response.end = ((text: string) => end(JSON.stringify({ ...(JSON.parse(text) as object), accepted }))) as never;
  return error;
}

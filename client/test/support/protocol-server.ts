import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import {
  type Batch,
  type BatchResult,
  batchMetadataSchema,
  batchSchema,
  type Cell,
  declarationSchema,
  healthSchema,
  type ProcessingType,
  paramsSchemas,
  problemSchema,
  processResponseSchema,
  resultSchemas,
  type ServerInfo,
  serverInfoSchema,
} from '@sdp/shared/contracts';
import { httpStatusOf, InputError, RejectedError, SdpError } from '@sdp/shared/errors';
import { parse } from 'csv-parse/sync';

export interface StoredBatch {
  batch: Batch;
  readonly records: Readonly<Record<string, string>>[];
  readonly idempotencyKey: string;
  readonly declaration: unknown;
  readonly params: Readonly<Record<string, unknown>>;
  results: BatchResult[];
}

/** One request as it arrived, the body decompressed. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * Breaks the protocol on purpose. Returns true if it answered (or cut the connection) itself; called before the body is
 * read.
 */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface ProtocolServerOptions {
  readonly apiKey?: string;
  readonly info?: Partial<ServerInfo>;
  /** Polls of a batch before it is PROCESSED. */
  readonly pollsUntilProcessed?: number;
  readonly failure?: { readonly code: string; readonly message: string };
  /** Changes the results that a batch gets. */
  readonly results?: (batch: StoredBatch) => BatchResult[];
  readonly tls?: { readonly key: string; readonly cert: string };
}

/**
 * The server's API as the contracts describe it, in memory: whatever it takes and gives is checked by the same schemas
 * that the real one uses, so a client that works with it speaks the protocol.
 */
export class ProtocolServer {
  readonly batches: StoredBatch[] = [];
  readonly requests: SeenRequest[] = [];
  /** Asked in order for every request; removes itself by returning from the array. */
  readonly faults: Fault[] = [];
  readonly #options: ProtocolServerOptions;
  readonly #server: Server;
  readonly #polls = new Map<string, number>();

  private constructor(options: ProtocolServerOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response);
    };
    this.#server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  }

  static async start(options: ProtocolServerOptions = {}): Promise<ProtocolServer> {
    const server = new ProtocolServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get apiKey(): string {
    return this.#options.apiKey ?? 'sdp_test_0123456789abcdef';
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      for (const fault of this.faults) {
        if (await fault(request, response)) return;
      }
      const body = await bodyOf(request);
      const url = new URL(request.url ?? '/', this.url);
      this.requests.push({ method: request.method ?? '', path: url.pathname, headers: request.headers, body });
      if (url.pathname === '/health') {
        sendJson(response, healthSchema.parse({ status: 'ok', service: 'ingestion_api' }));
        return;
      }
      if (request.headers['x-api-key'] !== this.apiKey) throw new RejectedError('unauthorized');
      await this.#route(request.method ?? '', url, request, response, body);
    } catch (error) {
      if (!response.headersSent && !request.socket.destroyed) sendProblem(response, error);
    }
  }

  async #route(method: string, url: URL, request: IncomingMessage, response: ServerResponse, body: string) {
    const [, , , resource, id] = url.pathname.split('/');
    if (method === 'GET' && resource === 'server-info') return sendJson(response, this.#info());
    if (method === 'POST' && resource === 'process') return sendJson(response, this.#accept(request, body), 202);
    const stored = this.batches.find(({ batch }) => batch.batch_id === id);
    if (stored === undefined || method !== 'GET') throw new RejectedError('not-found');
    if (resource === 'batches') return sendJson(response, this.#poll(stored));
    if (resource === 'results') return await this.#sendResults(stored, response);
    throw new RejectedError('not-found');
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

  #accept(request: IncomingMessage, body: string): unknown {
    const header = (name: string) => decodeURIComponent(String(request.headers[name] ?? ''));
    const metadata = batchMetadataSchema.parse({
      client_id: header('x-sdp-client-id'),
      processing_type: header('x-sdp-processing-type'),
      key_column: header('x-sdp-key-column') || undefined,
      params: JSON.parse(header('x-sdp-params') || '{}'),
      declaration: declarationSchema.parse(JSON.parse(header('x-sdp-declaration'))),
    });
    paramsSchemas[metadata.processing_type].parse(metadata.params);
    if (!String(request.headers['content-type']).startsWith('text/csv'))
      throw new RejectedError('media-type-unsupported');
    const idempotencyKey = String(request.headers['idempotency-key']);
    const earlier = this.batches.find((stored) => stored.idempotencyKey === idempotencyKey);
    if (earlier !== undefined) return accepted(earlier.batch);
    const rows = parse(body, { bom: false, relax_column_count: false }) as string[][];
    const [columns, ...data] = rows;
    if (columns === undefined || data.length === 0) throw new InputError('request-invalid');
    const stored: StoredBatch = {
      batch: batchSchema.parse({
        batch_id: randomUUID(),
        client_id: metadata.client_id ?? 'acme',
        processing_type: metadata.processing_type,
        source_table: metadata.declaration?.source_table ?? null,
        status: 'RECEIVED',
        accepted_records: data.length,
        processed_records: 0,
        counts: {},
        reason: null,
        model_version: null,
        release: null,
        key_column: metadata.key_column ?? columns[0],
        columns,
        declared_safe: metadata.declaration?.declared_safe ?? [],
        received_at: new Date().toISOString(),
        started_at: null,
        finished_at: null,
      }),
      records: data.map((cells) => Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? '']))),
      idempotencyKey,
      declaration: metadata.declaration,
      params: metadata.params,
      results: [],
    };
    stored.results = (this.#options.results ?? defaultResults)(stored);
    this.batches.push(stored);
    return accepted(stored.batch);
  }

  #poll(stored: StoredBatch): Batch {
    const polls = (this.#polls.get(stored.batch.batch_id) ?? 0) + 1;
    this.#polls.set(stored.batch.batch_id, polls);
    const now = new Date().toISOString();
    if (polls <= (this.#options.pollsUntilProcessed ?? 0))
      return { ...stored.batch, status: 'PROCESSING', started_at: now };
    const { failure } = this.#options;
    return batchSchema.parse({
      ...stored.batch,
      status: failure === undefined ? 'PROCESSED' : failure.code === 'batch-quarantined' ? 'QUARANTINED' : 'FAILED',
      processed_records: failure === undefined ? stored.records.length : 0,
      counts: failure === undefined ? { scored: stored.records.length } : {},
      reason: failure ?? null,
      model_version: 'test-model-1',
      started_at: now,
      finished_at: now,
    });
  }

  async #sendResults(stored: StoredBatch, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const result of stored.results) {
      if (!response.write(`${JSON.stringify(result)}\n`))
        await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  }
}

const accepted = ({ batch_id, accepted_records }: Batch) =>
  processResponseSchema.parse({ batch_id, accepted_records, status: 'RECEIVED' });

async function bodyOf(request: IncomingMessage): Promise<string> {
  const encoding = request.headers['content-encoding'];
  const stream =
    encoding === 'gzip'
      ? request.pipe(createGunzip())
      : encoding === 'zstd'
        ? request.pipe(createZstdDecompress())
        : request;
  request.on('error', (error) => stream.destroy(error));
  request.on('close', () => {
    if (!request.complete) stream.destroy(new Error('the request was cut'));
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, json: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}

/** Answers as RFC 9457 has it. */
export function sendProblem(
  response: ServerResponse,
  error: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const known = error instanceof SdpError ? error : new SdpError('internal');
  const problem = problemSchema.parse({
    type: `urn:sdp:error:${known.code}`,
    title: known.message,
    status: httpStatusOf(known.code),
    code: known.code,
    remedy: known.remedy,
    request_id: 'req-1',
    findings: known.details.findings,
  });
  response
    .writeHead(problem.status, { 'content-type': 'application/problem+json', ...headers })
    .end(JSON.stringify(problem));
}

/** Plausible results of each kind, valid by contract, computed from the record's number. */
export function defaultResults({ batch, records, params }: StoredBatch): BatchResult[] {
  return records.map((record, index) => {
    const base = { seq: index + 1, key: (record[batch.key_column] ?? '') as Cell };
    return resultSchemas[batch.processing_type].parse(resultOf(batch.processing_type, base, index, record, params));
  });
}

function resultOf(
  type: ProcessingType,
  base: { readonly seq: number; readonly key: Cell },
  index: number,
  record: Readonly<Record<string, string>>,
  params: Readonly<Record<string, unknown>>,
): unknown {
  const score = ((index * 37) % 100) / 100;
  switch (type) {
    case 'risk_scoring':
      return { ...base, status: 'scored', score, band: 'low', feature_coverage: 1, model_version: 'test-model-1' };
    case 'anonymization': {
      const names = params['quasi_identifiers'] as string[];
      const values = Object.fromEntries(names.map((name) => [name, `[${record[name] ?? ''}]`]));
      return { ...base, status: 'generalized', values, class_size: params['k'] };
    }
    case 'anomaly_detection':
      return {
        ...base,
        status: 'scored',
        score,
        is_anomaly: score > 0.9,
        columns: [{ column: batchColumn(record), share: 0.5, direction: 'high', position: 0.995 }],
      };
  }
}

const batchColumn = (record: Readonly<Record<string, string>>) => Object.keys(record).at(-1) ?? '';

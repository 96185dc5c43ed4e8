import { Readable } from 'node:stream';
import { IntegrityError, InterruptedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import { errorOf, type FailedResponse } from './problem-error.ts';
import { defaultRetry, type RetryOptions, retrying } from './retry-policy.ts';
import { serverUrlText } from './server-url.ts';
import { answerTimeoutMs, createDispatcher } from './transport.ts';
import { undici } from './undici.ts';

/** JSON answers are small; more than this is not one of ours. */
const maximumJsonBytes = 4 * 1_048_576;

export interface ApiClientOptions {
  readonly serverUrl: URL;
  readonly apiKey: string;
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly signal: AbortSignal;
  readonly retry?: RetryOptions;
  /** Told before each wait. */
  readonly onRetry?: (error: SdpError, delayMs: number) => void;
}

export interface UploadBody {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Makes the body anew for each attempt. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/**
 * The server's API as a distrustful client uses it: redirects are errors, answers are bounded in size and checked by
 * schema, and the API key goes into one header of requests to one address.
 */
export class ApiClient {
  readonly serverUrl: string;
  readonly #options: ApiClientOptions;
  readonly #dispatcher: Dispatcher;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#dispatcher = createDispatcher(options.serverUrl, options.ca);
    this.serverUrl = serverUrlText(options.serverUrl);
  }

  /** @throws {SdpError} what the server answers, `server-unreachable`, `server-response-invalid` */
  async getJson<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> {
    return await this.#retrying(async () =>
      this.#json(await this.#send('GET', path, { accept: 'application/json' }), schema),
    );
  }

  /** Sends the whole body again on a retry; the caller's `Idempotency-Key` makes that harmless. */
  async postStream<T extends z.ZodType>(path: string, body: UploadBody, schema: T): Promise<z.infer<T>> {
    const headers = { accept: 'application/json', 'content-type': body.contentType, ...body.headers };
    return await this.#retrying(async () => this.#json(await this.#send('POST', path, headers, body.open), schema));
  }

  /** One attempt, for callers that decide themselves what a failure means. */
  async postOnce<T extends z.ZodType>(
    path: string,
    body: UploadBody,
    schema: T,
    timeoutMs: number,
  ): Promise<z.infer<T>> {
    const headers = { accept: 'application/json', 'content-type': body.contentType, ...body.headers };
    return await this.#json(await this.#send('POST', path, headers, body.open, timeoutMs), schema);
  }

  /** Sends JSON; to be used where a repetition changes nothing more. */
  async postJson<T extends z.ZodType>(path: string, body: unknown, schema: T): Promise<z.infer<T>> {
    const bytes = Buffer.from(JSON.stringify(body), 'utf8');
    const open = async function* () {
      yield bytes;
    };
    return await this.postStream(path, { contentType: 'application/json', headers: {}, open }, schema);
  }

  async deleteJson<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> {
    return await this.#retrying(async () =>
      this.#json(await this.#send('DELETE', path, { accept: 'application/json' }), schema),
    );
  }

  /** A streamed answer, not retried: run it in {@link retrying} together with what reads it. */
  async getStream(path: string, accept: string): Promise<AsyncIterable<Uint8Array>> {
    const { body } = await this.#send('GET', path, { accept });
    return translateErrors(body, this.#options.signal);
  }

  /** Runs a whole operation again if it fails in a way that may pass. */
  async retrying<T>(operation: () => Promise<T>): Promise<T> {
    return await this.#retrying(operation);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #retrying<T>(operation: () => Promise<T>): Promise<T> {
    const { retry = defaultRetry, signal, onRetry } = this.#options;
    try {
      return await retrying(operation, { options: retry, signal, onRetry });
    } catch (error) {
      throw signal.aborted ? interruption(signal) : error;
    }
  }

  async #send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    headers: Readonly<Record<string, string>>,
    open?: () => AsyncIterable<Uint8Array>,
    timeoutMs: number = answerTimeoutMs[method],
  ): Promise<Dispatcher.ResponseData> {
    let bodyError: unknown;
    const noted = (error: unknown) => {
      bodyError = error;
    };
    const body = open === undefined ? null : Readable.from(watchErrors(open(), noted), { objectMode: false });
    try {
      const response = await undici().request(this.serverUrl + path, {
        method,
        headers: { ...headers, 'x-api-key': this.#options.apiKey, 'accept-encoding': 'identity' },
        body,
        dispatcher: this.#dispatcher,
        headersTimeout: timeoutMs,
        signal: this.#options.signal,
      });
      if (response.statusCode >= 200 && response.statusCode < 300) return response;
      throw errorOf(await failureOf(response));
    } catch (error) {
      // What the file or its check said comes before what it made of the connection.
      throw bodyError ?? transportError(error, this.#options.signal);
    }
  }

  async #json<T extends z.ZodType>(response: Dispatcher.ResponseData, schema: T): Promise<z.infer<T>> {
    let json: unknown;
    try {
      json = JSON.parse(await readText(response.body, maximumJsonBytes));
    } catch (error) {
      if (error instanceof SyntaxError) throw invalidResponse('The server’s answer is not JSON');
      throw transportError(error, this.#options.signal);
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const fields = parsed.error.issues.slice(0, 10);
    throw new IntegrityError('server-response-invalid', {
      message: 'The server’s answer does not have the fields it should have',
      details: {
        findings: fields.map(({ path }) => ({ message: 'missing, unknown or invalid', field: path.join('.') })),
      },
    });
  }
}

export function invalidResponse(message: string): IntegrityError {
  return new IntegrityError('server-response-invalid', { message });
}

/** Reads a text of at most `limit` bytes. @throws {IntegrityError} `server-response-invalid` beyond it */
async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw invalidResponse('The server’s answer is larger than any answer should be');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function failureOf(response: Dispatcher.ResponseData): Promise<FailedResponse> {
  const retryAfterSeconds = parseRetryAfter(response.headers['retry-after']);
  const body = await readText(response.body, maximumJsonBytes).catch(() => '');
  return { status: response.statusCode, body, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}

/** Seconds or a date (RFC 9110, 10.2.3). */
export function parseRetryAfter(header: string | string[] | undefined, now = Date.now()): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : Math.max(0, Math.ceil((time - now) / 1_000));
}

/** A failure below HTTP. Causes are left out: some of undici's hold the request's headers, and so the API key. */
export function transportError(error: unknown, signal: AbortSignal): SdpError {
  if (signal.aborted) return interruption(signal);
  if (error instanceof SdpError) return error;
  const code = codeOf(error);
  if (code !== undefined && /CERT|TLS|SSL|SELF_SIGNED|ALTNAME|UNABLE_TO|ISSUER/.test(code)) {
    return new IntegrityError('server-response-invalid', {
      message: `The server’s certificate was not accepted (${code})`,
      remedy: 'Check --server-url; name the authority that signed the certificate with --ca FILE.',
    });
  }
  const { errors } = undici();
  const timeout = error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
  const reason = timeout ? 'no answer in time' : code;
  return new UnavailableError('server-unreachable', {
    message: `The connection to the server failed${reason === undefined ? '' : ` (${reason})`}`,
  });
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  return cause === undefined ? undefined : codeOf(cause);
}

function interruption(signal: AbortSignal): SdpError {
  return signal.reason instanceof SdpError ? signal.reason : new InterruptedError('interrupted');
}

async function* translateErrors(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw transportError(error, signal);
  }
}

async function* watchErrors(
  source: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    onError(error);
    throw error;
  }
}

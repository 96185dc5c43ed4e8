import { ConfigError, InterruptedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import type { Dispatcher } from 'undici';
import type { RetryOptions } from '../../upload/retry-policy.ts';
import { retrying } from '../../upload/retry-policy.ts';
import { createDispatcher } from '../../upload/transport.ts';
import { undici } from '../../upload/undici.ts';
import type { KeyServiceTuning } from './key-service.ts';

/** A key service answers within moments or not at all; a person may be waiting for the command to start. */
const patience: RetryOptions = { maxRetries: 3, initialDelayMs: 300, maxDelayMs: 3_000, maxRetryAfterSeconds: 10 };
const answerTimeoutMs = 10_000;
const answerLimitBytes = 1_048_576;

export interface ServiceRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ServiceAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` where the answer is none. */
  readonly json: unknown;
}

export interface ServiceConnection {
  /**
   * @param make builds the request anew for each attempt, as a signature holds the time
   * @returns an answer below 500
   * @throws {UnavailableError} `kms-unavailable` after the last attempt
   */
  post(make: () => ServiceRequest | Promise<ServiceRequest>): Promise<ServiceAnswer>;
  close(): Promise<void>;
}

export interface ServiceOptions {
  /** PEM text of the authority, where the system's won't do. */
  readonly ca?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly tuning: KeyServiceTuning;
  /** Tells an answer that asks for patience with another status than 429 or 5xx. */
  readonly isBusy?: (answer: ServiceAnswer) => boolean;
}

/** Connections to a key service. Neither request nor answer gets into an error: both hold keys. */
export function connectToService(
  origin: URL,
  { ca, signal, tuning, isBusy = () => false }: ServiceOptions,
): ServiceConnection {
  const dispatcher = createDispatcher(origin, ca);
  const endless = signal ?? new AbortController().signal;
  const attempt = async (make: () => ServiceRequest | Promise<ServiceRequest>): Promise<ServiceAnswer> => {
    const { url, headers, body } = await make();
    const timeout = AbortSignal.timeout(tuning.timeoutMs ?? answerTimeoutMs);
    let answer: ServiceAnswer;
    try {
      const response = await undici().request(url, {
        method: 'POST',
        headers,
        body,
        dispatcher,
        signal: AbortSignal.any([endless, timeout]),
      });
      answer = { status: response.statusCode, json: await readJson(response) };
    } catch (error) {
      if (endless.aborted) throw interruption(endless);
      throw unreachable(timeout.aborted ? 'no answer in time' : systemCode(error));
    }
    if (answer.status >= 500 || answer.status === 429 || isBusy(answer)) throw unavailable(answer.status);
    return answer;
  };
  return {
    post: (make) => retrying(() => attempt(make), { options: tuning.retry ?? patience, signal: endless }),
    close: () => dispatcher.destroy(),
  };
}

/** What a refusal means; `said` is one of the service's own error names, never a sentence of it. */
export function refused(status: number, said: string | undefined, remedy: string): ConfigError {
  const reason = said === undefined ? '' : `, ${said}`;
  return new ConfigError('key-locked', {
    message: `The key service refused (HTTP ${status}${reason})`,
    remedy,
    details: { status },
  });
}

export function malformed(): UnavailableError {
  return new UnavailableError('kms-unavailable', {
    message: 'The answer is not one of a key service',
    remedy: 'Check the address of the key service.',
  });
}

async function readJson({ body }: Dispatcher.ResponseData): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > answerLimitBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function unavailable(status: number): UnavailableError {
  return new UnavailableError('kms-unavailable', {
    message: `The key service cannot answer at the moment (HTTP ${status})`,
    details: { status },
  });
}

function unreachable(reason: string | undefined): UnavailableError {
  return new UnavailableError('kms-unavailable', {
    message: `The key service cannot be reached${reason === undefined ? '' : ` (${reason})`}`,
  });
}

function interruption(signal: AbortSignal): SdpError {
  return signal.reason instanceof SdpError ? signal.reason : new InterruptedError('interrupted');
}

function systemCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  return cause === undefined ? undefined : systemCode(cause);
}

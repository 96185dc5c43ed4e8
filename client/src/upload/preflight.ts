import { type ProcessingType, type ServerInfo, serverInfoSchema } from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import type { ApiClient } from './api-client.ts';
import type { Compression } from './encode-body.ts';

/** What is about to be sent, as far as the server has a say in it. */
export interface Intent {
  readonly clientId: string;
  readonly processingType: ProcessingType;
  readonly records: number;
  /** Columns that the user, or the manifest, declares safe although detection found something there. */
  readonly declaredSafe: readonly string[];
  /** Fingerprints of every key the client has or had. */
  readonly keyFingerprints: readonly string[];
}

export const serverInfoPath = '/api/v1/server-info';

/**
 * Asks the server what it is before anything is sent, and compares keys here: nothing of the client's keys travels.
 *
 * @throws {RejectedError} `key-shared`, `forbidden`, `batch` limits as `payload-too-large`
 */
export async function checkServer(client: ApiClient, intent: Intent): Promise<ServerInfo> {
  const info = await checkKeysApart(client, intent.keyFingerprints);
  if (info.client_id !== intent.clientId) {
    throw new RejectedError('forbidden', {
      message: 'The API key belongs to another client than --client-id names',
      remedy: 'Use the client id that the API key was made for; `sdp doctor` with the same server names it.',
    });
  }
  if (!info.processing_types.includes(intent.processingType)) {
    throw new RejectedError('forbidden', {
      message: `The server does not offer ${intent.processingType}`,
      remedy: `It offers ${info.processing_types.join(', ')}.`,
    });
  }
  if (intent.declaredSafe.length > 0 && !info.declared_safe_allowed) {
    throw new RejectedError('forbidden', {
      message: 'The API key’s policy lets no column be declared safe; nothing was sent',
      remedy:
        'Tokenize the columns (those of the method fpe by another one), or ask the operator for a key that may declare columns safe.',
    });
  }
  if (intent.records > info.max_records) {
    throw new RejectedError('payload-too-large', {
      message: `The file has more records than the server takes in one batch (${info.max_records})`,
    });
  }
  return info;
}

/**
 * Asks the server what it is, and that it holds none of the client's keys: with one it could open what it keeps, or test
 * guesses against tokens. Compared here: nothing of the client's keys travels.
 *
 * @throws {RejectedError} `key-shared`
 */
export async function checkKeysApart(client: ApiClient, keyFingerprints: readonly string[]): Promise<ServerInfo> {
  const info = await client.getJson(serverInfoPath, serverInfoSchema);
  const published = new Set(info.key_fingerprints);
  if (keyFingerprints.some((fingerprint) => published.has(fingerprint))) throw new RejectedError('key-shared');
  return info;
}

/** The encoding to send with: what the user asked for, else the best that the server takes. */
export function chooseCompression(asked: Compression | undefined, info: ServerInfo): Compression {
  if (asked === 'none') return 'none';
  const offered: readonly string[] = info.content_encodings;
  if (asked !== undefined) {
    if (offered.includes(asked)) return asked;
    throw new RejectedError('media-type-unsupported', {
      message: `The server does not take ${asked}`,
      remedy: `Use --compression ${[...offered, 'none'].join(' or ')}, or leave the option out.`,
    });
  }
  return offered.includes('zstd') ? 'zstd' : offered.includes('gzip') ? 'gzip' : 'none';
}

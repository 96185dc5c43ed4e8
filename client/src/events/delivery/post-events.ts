import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { eventsAcceptedSchema, type ServerInfo } from '@sdp/shared/contracts';
import { SdpError } from '@sdp/shared/errors';
import { type ApiClient, type Compression, invalidResponse } from '../../upload/index.ts';

/** What became of some events, in their order. */
export interface PostOutcome {
  /** So many from the first stand for good. */
  readonly accepted: number;
  /** Why the one behind them was not taken. */
  readonly error?: SdpError;
}

export type EventsEncoding = Exclude<Compression, 'none'> | 'none';

/** The best encoding that the server takes. */
export function encodingFor(info: ServerInfo): EventsEncoding {
  const offered: readonly string[] = info.content_encodings;
  return offered.includes('zstd') ? 'zstd' : offered.includes('gzip') ? 'gzip' : 'none';
}

/** Sends events as NDJSON. A failure is given back with what was accepted before it, not thrown. */
export async function postEvents(
  client: ApiClient,
  lines: readonly string[],
  encoding: EventsEncoding,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<PostOutcome> {
  const body = encoded(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), encoding);
  try {
    const { accepted } = await client.postOnce(
      '/api/v1/events',
      {
        contentType: 'application/x-ndjson',
        headers: encoding === 'none' ? {} : { 'content-encoding': encoding },
        open: async function* () {
          yield body;
        },
      },
      eventsAcceptedSchema,
      timeoutMs,
    );
    if (accepted > lines.length) throw invalidResponse('The server accepted more events than were sent');
    return { accepted };
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    const accepted = error.details.accepted ?? 0;
    return { accepted: Math.min(accepted, lines.length), error };
  }
}

function encoded(body: Buffer, encoding: EventsEncoding): Buffer {
  if (encoding === 'gzip') return gzipSync(body, { level: 1 });
  if (encoding === 'zstd') return zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return body;
}

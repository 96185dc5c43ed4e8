import type { Readable } from 'node:stream';
import { type BatchMetadata, batchMetadataSchema, paramsSchemas } from '@sdp/shared/contracts';
import { InputError, RejectedError } from '@sdp/shared/errors';
import type { z } from 'zod';
import { bodyBytes, type ContentEncoding } from './decompress.ts';
import { skipWhitespace } from './json-text.ts';
import { readCsv, readJsonArray, readNdjson } from './read-records.ts';
import { type ColumnDictionary, malformed, type RecordLimits, type RecordSink } from './record-sink.ts';
import { decode } from './text-blocks.ts';
import { readTopLevel } from './top-level-json.ts';

export type UploadFormat = 'json' | 'ndjson' | 'csv';

export interface BodySource {
  readonly format: UploadFormat;
  readonly encoding: ContentEncoding;
  readonly stream: Readable;
  readonly maxBytes: number;
  /** `application/json` is held in memory as a whole. */
  readonly maxJsonBytes: number;
  readonly onBytes: (chunk: Uint8Array) => void;
}

/** An upload whose metadata is known and whose records are still to be read, once. */
export interface OpenedBody {
  readonly metadata: BatchMetadata;
  readRecords(columns: ColumnDictionary, limits: RecordLimits, sink: RecordSink): Promise<void>;
  /** Reads the rest without looking at it, so that `onBytes` has seen all of it. */
  skip(): Promise<void>;
}

/**
 * @param metadata as given beside the body; `application/json` brings its own
 * @throws {InputError} `request-invalid`, `request-malformed`
 * @throws {RejectedError} `payload-too-large`
 */
export async function openBody(source: BodySource, metadata: Readonly<Record<string, unknown>>): Promise<OpenedBody> {
  const { format, stream, encoding, onBytes } = source;
  const maxBytes = format === 'json' ? source.maxJsonBytes : source.maxBytes;
  const bytes = bodyBytes(stream, { encoding, maxBytes, onBytes });
  if (format === 'json') return openJson(bytes);
  const read = format === 'csv' ? readCsv : readNdjson;
  return {
    metadata: parseMetadata(metadata),
    readRecords: (columns, limits, sink) => read(bytes, columns, limits, sink),
    skip: async () => {
      for await (const _chunk of bytes);
    },
  };
}

async function openJson(bytes: AsyncIterable<Uint8Array>): Promise<OpenedBody> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  const text = decode(chunks);
  const { fields, unreadAt: recordsAt } = readTopLevel(text, { name: 'records', bracket: '[' });
  const metadata = parseMetadata(fields);
  if (recordsAt === undefined) {
    throw new InputError('request-invalid', {
      message: 'The request has no array of records',
      details: { findings: [{ message: 'must be an array of flat objects', field: 'records' }] },
    });
  }
  return {
    metadata,
    readRecords: async (columns, limits, sink) => {
      const end = await readJsonArray(text, recordsAt, columns, limits, sink);
      const next = text[skipWhitespace(text, end)];
      if (next !== ',' && next !== '}') throw malformed({ message: 'The body is not well-formed JSON' });
    },
    skip: async () => undefined,
  };
}

/** @throws {InputError} `request-invalid` with every field that is wrong */
export function parseMetadata(given: Readonly<Record<string, unknown>>): BatchMetadata {
  const parsed = batchMetadataSchema.safeParse(given);
  if (!parsed.success) throw invalidFields(parsed.error);
  const params = paramsSchemas[parsed.data.processing_type].safeParse(parsed.data.params);
  if (!params.success) throw invalidFields(params.error, 'params');
  return { ...parsed.data, params: params.data };
}

/** zod's own messages say what was expected and never quote what was there, save for names that aren't known. */
export function invalidFields(error: z.ZodError, prefix?: string): InputError {
  const findings = error.issues.slice(0, 100).map((issue) => ({
    message: issue.code === 'unrecognized_keys' ? 'has fields that are not known' : issue.message.slice(0, 500),
    field: [...(prefix ? [prefix] : []), ...issue.path.map(String)].join('.').slice(0, 500) || 'request',
  }));
  return new InputError('request-invalid', { details: { findings } });
}

/** Metadata of a streamed upload: query parameters, else `X-SDP-*` headers. */
export function metadataBeside(
  query: Readonly<Record<string, unknown>>,
  header: (name: string) => string | undefined,
): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  for (const name of ['client_id', 'processing_type', 'key_column', 'params', 'declaration', 'index'] as const) {
    const text = query[name] ?? decodeHeader(name, header(`x-sdp-${name.replace('_', '-')}`));
    if (text === undefined) continue;
    metadata[name] = jsonFields.has(name) ? parseJsonField(name, text) : text;
  }
  return metadata;
}

const jsonFields = new Set(['params', 'declaration', 'index']);

/** Metadata of an upload as form fields. @throws {InputError} `request-invalid` for a field that is no metadata */
export function metadataOfForm(fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const metadata = metadataBeside(fields, () => undefined);
  if (Object.keys(fields).some((name) => !(name in metadata))) {
    throw new InputError('request-invalid', {
      details: { findings: [{ message: 'has fields that are not known', field: 'body' }] },
    });
  }
  return metadata;
}

function decodeHeader(name: string, value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    throw new InputError('request-invalid', {
      details: { findings: [{ message: 'must be percent-encoded UTF-8', field: name }] },
    });
  }
}

function parseJsonField(name: string, text: unknown): unknown {
  try {
    if (typeof text === 'string' && text.length <= 256 * 1_024) return JSON.parse(text);
  } catch {
    // Reported below, without the parser's message: it quotes the text.
  }
  throw new InputError('request-invalid', { details: { findings: [{ message: 'must be JSON text', field: name }] } });
}

/** @throws {RejectedError} `media-type-unsupported` */
export function formatOf(contentType: string | undefined): UploadFormat {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const charset = parameters.map((each) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(each)?.[1]).find(Boolean);
  const format = formats[type.trim()];
  if (!format || (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset))) {
    throw new RejectedError('media-type-unsupported');
  }
  return format;
}

const formats: Readonly<Record<string, UploadFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'text/csv': 'csv',
};

/** @throws {RejectedError} `media-type-unsupported` */
export function encodingOf(contentEncoding: string | undefined): ContentEncoding {
  const encoding = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === 'gzip' || encoding === 'zstd') return encoding;
  throw new RejectedError('media-type-unsupported');
}

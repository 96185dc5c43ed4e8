import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { type ErrorCode, IntegrityError } from '@sdp/shared/errors';
import type { BusMessage } from '@sdp/shared/messaging';
import { z } from 'zod';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A message as a backup keeps it: bytes, key, headers and place as they stood in the log. */
export interface KeptMessage {
  readonly offset: bigint;
  readonly at: Date;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer;
  /** Why its consumers refuse it; left out where it is genuine. */
  readonly refused?: string;
}

export interface ObjectContent {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly KeptMessage[];
}

/** What an object may have, opened and decompressed: a bound on what a damaged one can make of memory. */
const maxContentBytes = 1024 * 1024 * 1024;
/** Values are ciphertext: a higher level finds nothing more in them. */
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };

/** One line of JSON for the whole, then one for each message; compressed. */
export async function encodeMessages(
  messages: readonly BusMessage[],
  refusalOf: (message: BusMessage) => ErrorCode | undefined,
): Promise<{ readonly content: Buffer; readonly refused: number }> {
  const [first] = messages;
  const head = { format: 'sdp-backup/1', topic: first?.topic, partition: first?.partition };
  const lines = [JSON.stringify(head)];
  let refused = 0;
  for (const message of messages) {
    const code = refusalOf(message);
    if (code !== undefined) refused++;
    const { offset, timestamp, key, headers, value } = message;
    const { buffer, byteOffset, byteLength } = value;
    const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    const kept = { offset: String(offset), at: timestamp.toISOString(), key, headers, value: base64 };
    lines.push(JSON.stringify(code === undefined ? kept : { ...kept, refused: code }));
  }
  lines.push('');
  return { content: await compress(Buffer.from(lines.join('\n')), level), refused };
}

const headSchema = z.strictObject({ format: z.literal('sdp-backup/1'), topic: z.string(), partition: z.number() });
const lineSchema = z.strictObject({
  offset: z.string().regex(/^\d{1,19}$/),
  at: z.iso.datetime(),
  key: z.string(),
  headers: z.record(z.string(), z.string()),
  value: z.base64(),
  refused: z.string().optional(),
});

/** @throws {IntegrityError} `backup-tampered` for what {@link encodeMessages} hasn't made */
export async function decodeMessages(content: Uint8Array): Promise<ObjectContent> {
  try {
    const text = (await decompress(content, { maxOutputLength: maxContentBytes })).toString('utf8');
    const [head = '', ...lines] = text.split('\n');
    if (lines.pop() !== '') throw new IntegrityError('backup-tampered');
    const { topic, partition } = headSchema.parse(JSON.parse(head));
    return { topic, partition, messages: lines.map(parseLine) };
  } catch {
    // Whatever a parser says quotes what it has read.
    throw new IntegrityError('backup-tampered');
  }
}

function parseLine(line: string): KeptMessage {
  const { offset, at, value, ...rest } = lineSchema.parse(JSON.parse(line));
  const { key, headers, refused } = rest;
  const kept = { offset: BigInt(offset), at: new Date(at), key, headers, value: Buffer.from(value, 'base64') };
  return refused === undefined ? kept : { ...kept, refused };
}

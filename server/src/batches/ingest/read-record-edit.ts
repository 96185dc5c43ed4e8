import type { Readable } from 'node:stream';
import { editReasonSchema } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { z } from 'zod';
import { decodeRecord, type RecordRow } from '../../records/index.ts';
import type { StoredBatch } from '../stored-batch.ts';
import { bodyBytes } from './decompress.ts';
import { checkMetadata, Firewall } from './firewall.ts';
import { FlatObjectParser } from './flat-object-parser.ts';
import { isPlainText } from './json-text.ts';
import { ColumnDictionary, invalid, type RecordLimits } from './record-sink.ts';
import { decode } from './text-blocks.ts';
import { readTopLevel } from './top-level-json.ts';
import { invalidFields } from './upload-body.ts';

/** New content of a record that is there, and why. */
export interface RecordEdit {
  /** As `records/` stores it. */
  readonly entry: string;
  readonly cells: RecordRow;
  readonly reason: string;
}

const fieldsSchema = z.strictObject({ reason: editReasonSchema });
/** The reason, names of columns and brackets around a record. */
const overheadBytes = 64 * 1_024;
const bytesPerUnit = 3;

/**
 * Reads `{"values": {…}, "reason": "…"}` as strictly as an upload is read, and lets nothing through that an upload of the batch
 * would not: the firewall looks at all of it, and only what was declared safe then is so now.
 *
 * @throws {InputError} `request-malformed`, `request-invalid`, `raw-pii-found`
 * @throws {RejectedError} `payload-too-large`
 */
export async function readRecordEdit(body: Readable, batch: StoredBatch, limits: RecordLimits): Promise<RecordEdit> {
  const text = decode(await gather(body, limits.maxRecordLength * bytesPerUnit + overheadBytes));
  const { fields, unreadAt } = readTopLevel(text, { name: 'values', bracket: '{' });
  const given = fieldsSchema.safeParse(fields);
  if (!given.success) throw invalidFields(given.error);
  if (unreadAt === undefined) {
    throw new InputError('request-invalid', {
      details: { findings: [{ message: 'must be an object of all the record’s cells', field: 'values' }] },
    });
  }
  const { reason } = given.data;
  checkMetadata({ reason });
  const entry = readValues(text, unreadAt, batch, limits);
  return { entry, cells: decodeRecord(entry), reason };
}

/**
 * Reads a JSON object of a few fields; a field that stands in it twice is refused.
 *
 * @throws {InputError} `request-malformed`, `request-invalid`
 * @throws {RejectedError} `payload-too-large`
 */
export async function readSmallJson(body: Readable): Promise<Record<string, unknown>> {
  return readTopLevel(decode(await gather(body, overheadBytes))).fields;
}

function readValues(text: string, at: number, batch: StoredBatch, limits: RecordLimits): string {
  const columns = new ColumnDictionary(limits.maxColumns + batch.columns.length);
  for (const name of batch.columns) columns.add(name);
  const parser = new FlatObjectParser(columns, limits);
  parser.begin(isPlainText(text));
  const record = parser.parse(text, at, 1);
  if (columns.names.length > batch.columns.length) {
    throw invalid({ message: 'The record has a column that the job does not have', field: 'values' });
  }
  const firewall = new Firewall(columns);
  firewall.check(record);
  firewall.verdict({ source: 'user', columns: [], declared_safe: [...batch.declaredSafe] }, true);
  return record.entry;
}

async function gather(body: Readable, maxBytes: number): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bodyBytes(body, { encoding: 'identity', maxBytes })) chunks.push(chunk);
  return chunks;
}

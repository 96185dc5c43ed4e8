import { CsvParser } from './csv-parser.ts';
import { FlatObjectParser } from './flat-object-parser.ts';
import { isPlainText, skipWhitespace } from './json-text.ts';
import {
  type ColumnDictionary,
  invalid,
  malformed,
  type ParsedRecord,
  type RecordLimits,
  type RecordSink,
} from './record-sink.ts';
import { textBlocks } from './text-blocks.ts';

const bytesPerUnit = 3;

/** Streams a CSV file into the sink. @throws {InputError} as {@link CsvParser} */
export async function readCsv(
  source: AsyncIterable<Uint8Array>,
  columns: ColumnDictionary,
  limits: RecordLimits,
  sink: RecordSink,
): Promise<void> {
  const parser = new CsvParser(columns, limits);
  const drain = async (): Promise<void> => {
    for (let record = parser.next(); record; record = parser.next()) {
      checkCount(record, limits);
      const wait = sink(record);
      if (wait) await wait;
    }
  };
  let rest = '';
  for await (const text of textBlocks(source, limits.maxRecordLength * bytesPerUnit)) {
    parser.begin(rest === '' ? text : rest + text, false);
    await drain();
    rest = parser.rest;
  }
  parser.begin(rest, true);
  await drain();
}

/** Streams newline-delimited JSON objects into the sink; blank lines count for nothing. */
export async function readNdjson(
  source: AsyncIterable<Uint8Array>,
  columns: ColumnDictionary,
  limits: RecordLimits,
  sink: RecordSink,
): Promise<void> {
  const parser = new FlatObjectParser(columns, limits);
  let row = 0;
  let isFirst = true;
  for await (const block of textBlocks(source, limits.maxRecordLength * bytesPerUnit)) {
    const text = isFirst && block.startsWith('\ufeff') ? block.slice(1) : block;
    isFirst = false;
    parser.begin(isPlainText(text));
    for (let at = skipWhitespace(text, 0); at < text.length; ) {
      row++;
      if (text[at] !== '{') throw malformed({ message: 'A line is not a JSON object', row });
      const newline = text.indexOf('\n', at);
      const lineEnd = newline === -1 ? text.length : newline;
      const record = parser.parse(text, at, row);
      at = skipWhitespace(text, parser.end);
      if (parser.end > lineEnd || at < lineEnd) throw malformed({ message: 'A line is not one JSON object', row });
      checkCount(record, limits);
      const wait = sink(record);
      if (wait) await wait;
    }
  }
}

/**
 * Reads the array of records that begins at `start` of a JSON text.
 *
 * @returns position after the array
 */
export async function readJsonArray(
  text: string,
  start: number,
  columns: ColumnDictionary,
  limits: RecordLimits,
  sink: RecordSink,
): Promise<number> {
  const parser = new FlatObjectParser(columns, limits);
  parser.begin(isPlainText(text));
  let at = skipWhitespace(text, start + 1);
  if (text[at] === ']') return at + 1;
  for (let row = 1; ; row++) {
    if (text[at] !== '{') throw recordExpected(text[at], row);
    const record = parser.parse(text, at, row);
    checkCount(record, limits);
    const wait = sink(record);
    if (wait) await wait;
    at = skipWhitespace(text, parser.end);
    if (text[at] === ']') return at + 1;
    if (text[at] !== ',') throw malformed({ message: 'The array of records is not well-formed JSON', row });
    at = skipWhitespace(text, at + 1);
  }
}

function recordExpected(first: string | undefined, row: number) {
  return first !== undefined && /["[\d\-tfn]/.test(first)
    ? invalid({ message: 'A record is not an object', row })
    : malformed({ message: 'The array of records is not well-formed JSON', row });
}

function checkCount({ row }: ParsedRecord, { maxRecords }: RecordLimits): void {
  if (row > maxRecords) throw invalid({ message: `There are more than ${maxRecords} records; split the file` });
}

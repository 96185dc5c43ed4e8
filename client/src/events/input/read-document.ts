import type { ByteSource } from '../../csv/index.ts';
import type { InputRow } from './input-row.ts';
import { parsedRow, readNdjson } from './read-lines.ts';

const maxDocumentBytes = 64 * 1024 * 1024;

/**
 * JSON in any of its usual forms: one event, a list of them, `{"events": […]}`, or one on each line. Read to its end, so for
 * files; what is larger than a document may be is taken for lines.
 */
export async function* readEvents(source: ByteSource): AsyncGenerator<readonly InputRow[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const iterator = source[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(Buffer.from(next.value));
    bytes += next.value.length;
    if (bytes > maxDocumentBytes) break;
  }
  const whole = bytes > maxDocumentBytes ? undefined : documentRows(Buffer.concat(chunks));
  if (whole !== undefined) {
    if (whole.length > 0) yield whole;
    return;
  }
  yield* readNdjson(
    (async function* () {
      yield* chunks;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    })(),
  );
}

/** @returns `undefined` for what is not one JSON text */
function documentRows(bytes: Buffer): InputRow[] | undefined {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  const { value, refused } = parsedRow(text, 1);
  if (refused !== undefined) return undefined;
  const list = Array.isArray(value) ? value : eventsIn(value);
  // One event, perhaps over several lines; a line of its own is as good.
  if (list === undefined) return [{ row: 1, value, text: text.trim() }];
  return list.map((event, index) => ({ row: index + 1, value: event, text: JSON.stringify(event) }));
}

function eventsIn(value: unknown): unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { events, type } = value as { events?: unknown; type?: unknown };
  return Array.isArray(events) && type === undefined ? events : undefined;
}

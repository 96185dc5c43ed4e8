import { isUtf8 } from 'node:buffer';
import type { ByteSource } from '../../csv/index.ts';
import type { InputRow } from './input-row.ts';

const LF = 0x0a;
const CR = 0x0d;
const mark = '\ufeff';
/** No event that fits its contract comes near it. */
export const maxLineBytes = 1024 * 1024;

/**
 * Lines of JSON as they come in. A line that is none, is too long or no UTF-8 is refused by itself; the others go on. Empty
 * lines count as lines and are passed over.
 */
export async function* readNdjson(source: ByteSource): AsyncGenerator<readonly InputRow[]> {
  let row = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  let skipping = false;
  const lineOf = (bytes: Buffer): InputRow[] => {
    row += 1;
    if (skipping) {
      skipping = false;
      return [tooLong(row)];
    }
    const read = rowOf(bytes, row);
    return read === undefined ? [] : [read];
  };
  for await (const piece of source) {
    const rows: InputRow[] = [];
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    let start = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, start)) {
      const line = chunk.subarray(start, at);
      rows.push(...lineOf(rest.length === 0 ? line : Buffer.concat([...rest, line])));
      rest = [];
      restBytes = 0;
      start = at + 1;
    }
    const left = chunk.subarray(start);
    restBytes += left.length;
    if (restBytes > maxLineBytes) {
      skipping = true;
      rest = [];
    } else if (left.length > 0) rest.push(Buffer.from(left));
    if (rows.length > 0) yield rows;
  }
  if (restBytes > 0) {
    const rows = lineOf(Buffer.concat(rest));
    if (rows.length > 0) yield rows;
  }
}

function rowOf(line: Buffer, row: number): InputRow | undefined {
  const bytes = line.at(-1) === CR ? line.subarray(0, -1) : line;
  if (bytes.length > maxLineBytes) return tooLong(row);
  if (!isUtf8(bytes)) {
    return { row, text: bytes.toString('latin1'), refused: { code: 'ndjson-invalid', reason: 'is not valid UTF-8' } };
  }
  const whole = bytes.toString('utf8');
  const text = row === 1 && whole.startsWith(mark) ? whole.slice(1) : whole;
  if (text.trim() === '') return undefined;
  return parsedRow(text, row);
}

/** A line of JSON. What its parser complains of would quote it. */
export function parsedRow(text: string, row: number): InputRow {
  try {
    return { row, text, value: JSON.parse(text) as unknown };
  } catch {
    return { row, text, refused: { code: 'ndjson-invalid', reason: 'is not JSON' } };
  }
}

function tooLong(row: number): InputRow {
  return { row, text: '', refused: { code: 'csv-cell-too-large', reason: `has more than ${maxLineBytes} bytes` } };
}

import { randomFillSync } from 'node:crypto';
import type { EncodedColumn } from '@sdp/shared/anonymization';

/** A column of a release: a text for each record. */
export interface ReleasedColumn {
  readonly name: string;
  /** Whether the texts are the input's own, so that their type can be kept. */
  readonly isOriginal: boolean;
  text(record: number): string;
}

export function originalColumn(column: EncodedColumn): ReleasedColumn {
  const { name, texts, codes } = column;
  return { name, isOriginal: true, text: (record) => texts[codes[record] as number] as string };
}

export function renamedColumn({ name, texts, codes }: EncodedColumn, rename: (text: string) => string): ReleasedColumn {
  const renamed = texts.map(rename);
  return { name, isOriginal: false, text: (record) => renamed[codes[record] as number] as string };
}

/** Puts records into an order that says nothing of the one they had: two releases could else be joined by position. */
export function shuffle(records: Uint32Array): Uint32Array {
  const draws = randomFillSync(new Uint32Array(records.length * 2));
  for (let last = records.length - 1; last > 0; last -= 1) {
    const draw = (draws[2 * last] as number) * 2 ** 20 + ((draws[2 * last + 1] as number) >>> 12);
    const other = Math.floor((draw / 2 ** 52) * (last + 1));
    const record = records[last] as number;
    records[last] = records[other] as number;
    records[other] = record;
  }
  return records;
}

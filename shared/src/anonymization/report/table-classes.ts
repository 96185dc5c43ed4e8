import type { EncodedColumn } from '../encoded-column.ts';

/** Classes of the records as they stand: equal codes in all columns are one class. */
export function tableClasses(columns: readonly EncodedColumn[]): Uint32Array {
  const records = columns[0]?.codes.length ?? 0;
  let classOf = new Uint32Array(records);
  for (const { codes, texts } of columns) {
    const refined = new Map<number, number>();
    const next = new Uint32Array(records);
    for (let record = 0; record < records; record += 1) {
      const key = (classOf[record] as number) * texts.length + (codes[record] as number);
      const known = refined.get(key) ?? refined.size;
      if (known === refined.size) refined.set(key, known);
      next[record] = known;
    }
    classOf = next;
  }
  return classOf;
}

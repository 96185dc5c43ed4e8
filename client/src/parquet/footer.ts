import type { ColumnMetaData, SchemaElement } from 'hyparquet';
import { CompressionCodecs, ConvertedTypes, Encodings, ParquetTypes } from 'hyparquet/src/constants.js';
import { parseThrift, serializeThrift, type ThriftFields, type ThriftValue } from './thrift-compact.ts';

// Fields of the structs of a footer, by their numbers in parquet.thrift (github.com/apache/parquet-format).
const file = { schema: 2, rowGroups: 4, notes: 5, columnOrders: 7, encryption: 8, signingKey: 9 } as const;
const group = { columns: 1, byteSize: 2, rows: 3, compressedSize: 6, ordinal: 7 } as const;
const chunk = { filePath: 1, fileOffset: 2, meta: 3, cryptoMetadata: 8 } as const;
const meta = { compressedSize: 7, uncompressedSize: 6, dataPage: 9, indexPage: 10, dictionaryPage: 11 } as const;
const element = { name: 4, childCount: 5 } as const;
/** Indexes of a column chunk, and the statistics, bloom filter and histograms of its description. */
const chunkIndexes = [4, 5, 6, 7];
const valuesOfColumn = [12, 14, 15, 16, 17];

/** Description of one column of a row group, as it is written in the footer. */
export interface ChunkDescription {
  readonly fields: ThriftFields;
  readonly uncompressedBytes: bigint;
  readonly compressedBytes: bigint;
}

export interface FooterChanges {
  /** Of the new schema, its root left out: those of the old one by their index, or new ones. */
  readonly elements: readonly (number | SchemaElement)[];
  /** Of the columns at the top. */
  readonly columnCount: number;
  /** Column chunks by row group; nothing for one that is left out. */
  readonly groups: readonly (readonly ChunkDescription[] | undefined)[];
  /** Which of the notes (key-value metadata) stay. */
  readonly keepsNote: (key: string) => boolean;
}

/**
 * A footer in which all that isn't changed stays as it was written, whatever it is: readers are particular about types
 * of which a library that only knows values can tell nothing.
 */
export class ParquetFooter {
  readonly #fields: ThriftFields;

  /** @throws {RangeError} for bytes that are none */
  constructor(bytes: Uint8Array) {
    this.#fields = parseThrift(bytes);
  }

  /** Whether columns or the footer itself are encrypted or signed. */
  get isEncrypted(): boolean {
    return this.#fields.has(file.encryption) || this.#fields.has(file.signingKey);
  }

  /**
   * What stands of a column chunk whose pages are moved; without statistics and indexes, which hold values.
   *
   * @returns `undefined` where it is encrypted or lies in another file
   */
  movedChunk(groupIndex: number, leaf: number, shift: bigint): ChunkDescription | undefined {
    const fields = structs(structs(this.#fields, file.rowGroups)[groupIndex], group.columns)[leaf];
    const old = fields?.get(chunk.meta);
    if (fields === undefined || old?.type !== 'struct') return undefined;
    if (fields.has(chunk.filePath) || fields.has(chunk.cryptoMetadata)) return undefined;
    const own = new Map([...old.fields].filter(([id]) => !valuesOfColumn.includes(id)));
    for (const id of [meta.dataPage, meta.indexPage, meta.dictionaryPage]) {
      const offset = integerOf(own, id);
      // Some writers say 0 for none.
      if (offset > 0n) own.set(id, i64(offset + shift));
    }
    const rest = new Map([...fields].filter(([id]) => !chunkIndexes.includes(id)));
    rest.set(chunk.fileOffset, i64(integerOf(rest, chunk.fileOffset) > 0n ? firstPage(own) : 0n));
    rest.set(chunk.meta, { type: 'struct', fields: own });
    return described(rest, own);
  }

  /** The new footer. */
  serialize({ elements, columnCount, groups, keepsNote }: FooterChanges): Uint8Array {
    const old = structs(this.#fields, file.schema);
    const root = new Map(old[0] ?? []).set(element.childCount, i32(columnCount));
    const schema = elements.map((each) => (typeof each === 'number' ? (old[each] ?? new Map()) : elementOf(each)));
    const rowGroups = structs(this.#fields, file.rowGroups).flatMap((each, at) => {
      const chunks = groups[at];
      return chunks === undefined ? [] : [groupOf(each, chunks)];
    });
    const changed = new Map(this.#fields)
      .set(file.schema, listOf([root, ...schema]))
      .set(file.rowGroups, listOf(rowGroups));
    const notes = structs(this.#fields, file.notes).filter((note) => keepsNote(textOf(note.get(1))));
    if (notes.length > 0) changed.set(file.notes, listOf(notes));
    else changed.delete(file.notes);
    // They say how statistics are ordered, of which there are none.
    changed.delete(file.columnOrders);
    return serializeThrift(changed);
  }
}

/** What stands of a column chunk that was written anew. */
export function newChunk(written: ColumnMetaData, shift: bigint): ChunkDescription {
  const own = new Map<number, ThriftValue>([
    [1, i32(ParquetTypes.indexOf(written.type))],
    [2, { type: 'list', of: 'i32', items: written.encodings.map((name) => i32(Encodings.indexOf(name))) }],
    [3, { type: 'list', of: 'binary', items: written.path_in_schema.map(binary) }],
    [4, i32(CompressionCodecs.indexOf(written.codec))],
    [5, i64(written.num_values)],
    [meta.uncompressedSize, i64(written.total_uncompressed_size)],
    [meta.compressedSize, i64(written.total_compressed_size)],
    [meta.dataPage, i64(written.data_page_offset + shift)],
  ]);
  const { dictionary_page_offset: dictionary } = written;
  if (dictionary !== undefined) own.set(meta.dictionaryPage, i64(dictionary + shift));
  const fields = new Map<number, ThriftValue>([
    [chunk.fileOffset, i64(firstPage(own))],
    [chunk.meta, { type: 'struct', fields: own }],
  ]);
  return described(fields, own);
}

function groupOf(old: ThriftFields, chunks: readonly ChunkDescription[]): ThriftFields {
  const sum = (of: (each: ChunkDescription) => bigint) => chunks.reduce((total, each) => total + of(each), 0n);
  // Whether the rows are sorted by a column that was replaced, and where the group begins, is left out.
  const fields = new Map<number, ThriftValue>([
    [group.columns, listOf(chunks.map((each) => each.fields))],
    [group.byteSize, i64(sum((each) => each.uncompressedBytes))],
    [group.rows, i64(integerOf(old, group.rows))],
    [group.compressedSize, i64(sum((each) => each.compressedBytes))],
  ]);
  const ordinal = old.get(group.ordinal);
  return ordinal === undefined ? fields : fields.set(group.ordinal, ordinal);
}

/** A column of text, or of the plain types that come back from text. */
function elementOf({
  type,
  repetition_type,
  name,
  converted_type,
  field_id,
  logical_type,
}: SchemaElement): ThriftFields {
  const fields = new Map<number, ThriftValue>([[element.name, binary(name)]]);
  if (type !== undefined) fields.set(1, i32(ParquetTypes.indexOf(type)));
  if (repetition_type !== undefined) fields.set(3, i32(['REQUIRED', 'OPTIONAL', 'REPEATED'].indexOf(repetition_type)));
  if (converted_type !== undefined) fields.set(6, i32(ConvertedTypes.indexOf(converted_type)));
  if (field_id !== undefined) fields.set(9, i32(field_id));
  const nothing: ThriftValue = { type: 'struct', fields: new Map() };
  if (logical_type?.type === 'STRING') fields.set(10, { type: 'struct', fields: new Map([[1, nothing]]) });
  if (logical_type?.type === 'DATE') fields.set(10, { type: 'struct', fields: new Map([[6, nothing]]) });
  if (logical_type?.type === 'INTEGER') {
    const width = new Map<number, ThriftValue>([
      [1, { type: 'byte', value: BigInt(logical_type.bitWidth) }],
      [2, { type: 'boolean', value: logical_type.isSigned }],
    ]);
    fields.set(10, { type: 'struct', fields: new Map([[10, { type: 'struct', fields: width }]]) });
  }
  return fields;
}

function described(fields: ThriftFields, own: ThriftFields): ChunkDescription {
  return {
    fields,
    uncompressedBytes: integerOf(own, meta.uncompressedSize),
    compressedBytes: integerOf(own, meta.compressedSize),
  };
}

function firstPage(own: ThriftFields): bigint {
  const dictionary = integerOf(own, meta.dictionaryPage);
  return dictionary > 0n ? dictionary : integerOf(own, meta.dataPage);
}

function structs(fields: ThriftFields | undefined, id: number): ThriftFields[] {
  const value = fields?.get(id);
  return value?.type === 'list' ? value.items.flatMap((item) => (item.type === 'struct' ? [item.fields] : [])) : [];
}

function integerOf(fields: ThriftFields, id: number): bigint {
  const value = fields.get(id);
  return typeof value === 'object' && 'value' in value && typeof value.value === 'bigint' ? value.value : 0n;
}

function textOf(value: ThriftValue | undefined): string {
  return value?.type === 'binary' ? Buffer.from(value.value).toString('utf8') : '';
}

function listOf(items: readonly ThriftFields[]): ThriftValue {
  return { type: 'list', of: 'struct', items: items.map((fields) => ({ type: 'struct', fields })) };
}

const i32 = (value: number): ThriftValue => ({ type: 'i32', value: BigInt(value) });
const i64 = (value: bigint): ThriftValue => ({ type: 'i64', value });
const binary = (text: string): ThriftValue => ({ type: 'binary', value: Buffer.from(text, 'utf8') });

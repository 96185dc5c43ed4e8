import type { ByteSource } from '../csv/index.ts';
import { FieldNode } from './field-tree.ts';
import { ObjectScanner } from './object-scanner.ts';
import { type NdjsonOptions, openNdjson } from './open-ndjson.ts';

/** Names that the rows' objects have, at all levels outside arrays, and the columns made of them. */
export interface FoundFields {
  readonly root: FieldNode;
  /** Dotted paths, in the order in which they were met. */
  readonly header: readonly string[];
}

/** An empty tree. */
export function newFieldTree(): FieldNode {
  return new FieldNode('', Buffer.alloc(0));
}

/** Gives each field its column. */
export function numberFields(root: FieldNode): FoundFields {
  const fields = [...root.fields()];
  for (const [index, field] of fields.entries()) field.column = index;
  return { root, header: fields.map(({ path }) => path) };
}

/**
 * Reads all lines to find out which fields there are, and checks them on the way.
 *
 * @throws {InputError} `ndjson-invalid`, `csv-cell-too-large`
 */
export async function findFields(source: ByteSource, options: NdjsonOptions): Promise<FoundFields> {
  const root = newFieldTree();
  const scanner = new ObjectScanner(root, (parent, name, spelling) => parent.add(name, spelling));
  const ndjson = await openNdjson(source, options);
  const { lines } = ndjson;
  try {
    for (let more = true; more; ) {
      while (lines.next()) scanner.scan(lines.bytes, lines.start, lines.end, lines.line);
      more = await ndjson.fill();
    }
    while (lines.next()) scanner.scan(lines.bytes, lines.start, lines.end, lines.line);
  } finally {
    await ndjson.close();
  }
  return numberFields(root);
}

import { IntegrityError } from '@sdp/shared/errors';
import type { ModelPackage } from './model-package.ts';
import { maxPackageBytes, maxPackageFiles } from './package-files.ts';
import { parseStatement, writeStatement } from './statement.ts';

/** "SDPM", version 1. Then, each behind its length (4 bytes, big-endian): the statement; of each file name and bytes. */
const magic = Buffer.from('5344504d01', 'hex');
const maxStatementBytes = 64 * 1_024;
const maxNameBytes = 100;

/** One file, or one value in the database, for a whole package. Equal packages give equal bytes. */
export function packPackage({ statement, files }: ModelPackage): Buffer {
  const parts: Uint8Array[] = [magic];
  const add = (part: Uint8Array): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    parts.push(length, part);
  };
  add(Buffer.from(writeStatement(statement)));
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    add(Buffer.from(name));
    add(bytes);
  }
  return Buffer.concat(parts);
}

/** @throws {IntegrityError} `model-tampered` for anything else than {@link packPackage} gives */
export function unpackPackage(packed: Uint8Array): ModelPackage {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  if (!bytes.subarray(0, magic.length).equals(magic)) throw malformed();
  let offset = magic.length;
  const take = (maxLength: number): Buffer => {
    if (offset + 4 > bytes.length) throw malformed();
    const length = bytes.readUInt32BE(offset);
    const end = offset + 4 + length;
    if (length > maxLength || end > bytes.length) throw malformed();
    const part = bytes.subarray(offset + 4, end);
    offset = end;
    return part;
  };
  const statement = parseStatement(take(maxStatementBytes).toString('utf8'));
  const files = new Map<string, Uint8Array>();
  while (offset < bytes.length) {
    const name = take(maxNameBytes).toString('utf8');
    if (files.has(name) || files.size >= maxPackageFiles) throw malformed();
    files.set(name, take(maxPackageBytes));
  }
  return { statement, files };
}

export function isPacked(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, magic.length)).equals(magic);
}

function malformed(): IntegrityError {
  return new IntegrityError('model-tampered', { message: 'The file is no model package, or is damaged' });
}

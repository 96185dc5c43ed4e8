import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { InputError } from '@sdp/shared/errors';

/** How values of a scalar type stand in a message, and how they are read. */
const scalars = {
  string: { wire: WireType.LengthDelimited, read: (from: BinaryReader) => from.string(true) },
  bytes: { wire: WireType.LengthDelimited, read: (from: BinaryReader) => from.bytes() },
  bool: { wire: WireType.Varint, read: (from: BinaryReader) => from.bool() },
  int64: { wire: WireType.Varint, read: (from: BinaryReader) => from.int64() },
  uint64: { wire: WireType.Varint, read: (from: BinaryReader) => from.uint64() },
  sint32: { wire: WireType.Varint, read: (from: BinaryReader) => from.sint32() },
  uint32: { wire: WireType.Varint, read: (from: BinaryReader) => from.uint32() },
  enum: { wire: WireType.Varint, read: (from: BinaryReader) => from.int32() },
  double: { wire: WireType.Bit64, read: (from: BinaryReader) => from.double() },
  fixed64: { wire: WireType.Bit64, read: (from: BinaryReader) => from.fixed64() },
  sfixed64: { wire: WireType.Bit64, read: (from: BinaryReader) => from.sfixed64() },
} as const;

/** A field that is read: a scalar, or a message by its own fields. */
export interface MessageField {
  readonly name: string;
  readonly type: keyof typeof scalars | (() => MessageFields);
  readonly repeated?: boolean;
}

/** Fields by their numbers; all others are passed over. */
export type MessageFields = ReadonlyMap<number, MessageField>;

const deepest = 40;

/**
 * Reads a protocol buffers message as an object with the names that its JSON mapping has.
 *
 * @throws {InputError} `request-malformed`
 */
export function decodeMessage(bytes: Uint8Array, fields: MessageFields, depth = 0): Record<string, unknown> {
  try {
    return decode(bytes, fields, depth);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The reader's own message may quote what it read.
    throw malformed();
  }
}

function decode(bytes: Uint8Array, fields: MessageFields, depth: number): Record<string, unknown> {
  if (depth > deepest) throw malformed();
  const reader = new BinaryReader(bytes);
  const message: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = fields.get(number);
    if (field === undefined) {
      reader.skip(wire, number);
      continue;
    }
    if (field.repeated === true) {
      const list = (message[field.name] ?? []) as unknown[];
      message[field.name] = list;
      if (isPacked(field, wire)) readPacked(reader, field.type, list);
      else list.push(fieldValue(reader, field, wire, depth));
    } else message[field.name] = fieldValue(reader, field, wire, depth);
  }
  return message;
}

/** Numbers that repeat stand in one piece, or, as senders of old have it, each by itself. */
function isPacked({ type }: MessageField, wire: WireType): boolean {
  return wire === WireType.LengthDelimited && typeof type === 'string' && scalars[type].wire !== wire;
}

function readPacked(reader: BinaryReader, type: MessageField['type'], list: unknown[]): void {
  if (typeof type === 'function') return;
  const { read } = scalars[type];
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw malformed();
  while (reader.pos < end) list.push(read(reader));
  if (reader.pos !== end) throw malformed();
}

function fieldValue(reader: BinaryReader, { type }: MessageField, wire: WireType, depth: number): unknown {
  if (typeof type === 'function') {
    if (wire !== WireType.LengthDelimited) throw malformed();
    return decode(reader.bytes(), type(), depth + 1);
  }
  const scalar = scalars[type];
  if (wire !== scalar.wire) throw malformed();
  return scalar.read(reader);
}

function malformed(): InputError {
  return new InputError('request-malformed', { message: 'The body is no message of this kind in protocol buffers' });
}

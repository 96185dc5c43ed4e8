// Thrift's compact protocol (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md), in which the footer of a
// Parquet file is written. Types stay as they were read, so that what is not changed is written as it was.

/** Types by the number that stands for them in a field; a boolean field has its value there. */
const typeNumbers = {
  boolean: 1,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;
type TypeName = keyof typeof typeNumbers;

export type ThriftFields = ReadonlyMap<number, ThriftValue>;

export type ThriftValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte' | 'i16' | 'i32' | 'i64'; readonly value: bigint }
  | { readonly type: 'double' | 'binary'; readonly value: Uint8Array }
  | { readonly type: 'list' | 'set'; readonly of: TypeName; readonly items: readonly ThriftValue[] }
  | {
      readonly type: 'map';
      readonly keys: TypeName;
      readonly values: TypeName;
      readonly entries: readonly (readonly [ThriftValue, ThriftValue])[];
    }
  | { readonly type: 'struct'; readonly fields: ThriftFields };

const falseNumber = 2;
const maxDepth = 64;
const namesByNumber = new Map<number, TypeName>(
  Object.entries(typeNumbers).map(([name, number]) => [number, name as TypeName]),
);

/**
 * Reads a struct.
 *
 * @throws {RangeError} for bytes that are none
 */
export function parseThrift(bytes: Uint8Array): ThriftFields {
  return new Parser(bytes).struct(0);
}

class Parser {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(depth: number): ThriftFields {
    if (depth > maxDepth) throw malformed();
    const fields = new Map<number, ThriftValue>();
    for (let id = 0; ; ) {
      const head = this.#byte();
      if (head === 0) return fields;
      id = head >> 4 === 0 ? Number(this.#integer()) : id + (head >> 4);
      const number = head & 0x0f;
      if (number === typeNumbers.boolean || number === falseNumber) {
        fields.set(id, { type: 'boolean', value: number === typeNumbers.boolean });
      } else fields.set(id, this.#value(nameOf(number), depth));
    }
  }

  #value(type: TypeName, depth: number): ThriftValue {
    switch (type) {
      case 'boolean':
        return { type, value: this.#byte() === typeNumbers.boolean };
      case 'byte':
        return { type, value: BigInt.asIntN(8, BigInt(this.#byte())) };
      case 'i16':
      case 'i32':
      case 'i64':
        return { type, value: this.#integer() };
      case 'double':
        return { type, value: this.#take(8) };
      case 'binary':
        return { type, value: this.#take(Number(this.#varint())) };
      case 'list':
      case 'set': {
        const head = this.#byte();
        const count = head >> 4 === 15 ? Number(this.#varint()) : head >> 4;
        // An empty list of no type at all is what some writers make.
        const of = count === 0 && (head & 0x0f) === 0 ? 'struct' : nameOf(head & 0x0f);
        return { type, of, items: this.#many(count, () => this.#value(of, depth + 1)) };
      }
      case 'map': {
        const count = Number(this.#varint());
        const head = count === 0 ? 0x88 : this.#byte();
        const [keys, values] = [nameOf(head >> 4), nameOf(head & 0x0f)];
        const entry = () => [this.#value(keys, depth + 1), this.#value(values, depth + 1)] as const;
        return { type, keys, values, entries: this.#many(count, entry) };
      }
      default:
        return { type, fields: this.struct(depth + 1) };
    }
  }

  #many<T>(count: number, one: () => T): T[] {
    // Each takes a byte at least.
    if (count > this.#bytes.length - this.#at) throw malformed();
    return Array.from({ length: count }, one);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw malformed();
    return byte;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw malformed();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  /** Zigzag: the sign is the lowest bit. */
  #integer(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }
}

/** Writes a struct. */
export function serializeThrift(fields: ThriftFields): Uint8Array {
  const parts: Uint8Array[] = [];
  writeStruct(parts, fields);
  return Buffer.concat(parts);
}

function writeStruct(parts: Uint8Array[], fields: ThriftFields): void {
  let last = 0;
  for (const [id, value] of [...fields].toSorted(([a], [b]) => a - b)) {
    const number = value.type === 'boolean' && !value.value ? falseNumber : typeNumbers[value.type];
    const step = id - last;
    parts.push(step <= 15 && step > 0 ? Uint8Array.of((step << 4) | number) : Uint8Array.of(number));
    if (step > 15 || step <= 0) parts.push(integer(BigInt(id)));
    if (value.type !== 'boolean') writeValue(parts, value);
    last = id;
  }
  parts.push(Uint8Array.of(0));
}

function writeValue(parts: Uint8Array[], value: ThriftValue): void {
  switch (value.type) {
    case 'boolean':
      parts.push(Uint8Array.of(value.value ? typeNumbers.boolean : falseNumber));
      return;
    case 'byte':
      parts.push(Uint8Array.of(Number(BigInt.asUintN(8, value.value))));
      return;
    case 'i16':
    case 'i32':
    case 'i64':
      parts.push(integer(value.value));
      return;
    case 'double':
      parts.push(value.value);
      return;
    case 'binary':
      parts.push(varint(BigInt(value.value.length)), value.value);
      return;
    case 'list':
    case 'set': {
      const { length } = value.items;
      parts.push(Uint8Array.of((Math.min(length, 15) << 4) | typeNumbers[value.of]));
      if (length >= 15) parts.push(varint(BigInt(length)));
      for (const item of value.items) writeValue(parts, item);
      return;
    }
    case 'map':
      parts.push(varint(BigInt(value.entries.length)));
      if (value.entries.length === 0) return;
      parts.push(Uint8Array.of((typeNumbers[value.keys] << 4) | typeNumbers[value.values]));
      for (const entry of value.entries) for (const each of entry) writeValue(parts, each);
      return;
    default:
      writeStruct(parts, value.fields);
  }
}

function integer(value: bigint): Uint8Array {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function nameOf(number: number): TypeName {
  const name = number === falseNumber ? 'boolean' : namesByNumber.get(number);
  if (name === undefined) throw malformed();
  return name;
}

function malformed(): RangeError {
  return new RangeError('no Thrift');
}

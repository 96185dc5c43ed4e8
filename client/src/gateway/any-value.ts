import { isUtf8 } from 'node:buffer';
import type { AnyValue, Int64, KeyValue } from './otlp-types.ts';

export type Scalar = string | number | boolean;

/** What a value says as one scalar: arrays and maps as JSON, bytes as the text that they are, if they are one. */
export function scalarOf(value: AnyValue | undefined): Scalar | undefined {
  const plain = plainOf(value);
  if (plain === undefined) return undefined;
  return typeof plain === 'object' ? JSON.stringify(plain) : plain;
}

/** Attributes by name. Those of maps are brought up: `{"user": {"id": 1}}` is `user.id`. */
export function flatAttributes(attributes: readonly KeyValue[] | undefined): Map<string, Scalar> {
  const flat = new Map<string, Scalar>();
  const visit = (entries: readonly KeyValue[], prefix: string) => {
    for (const { key = '', value } of entries) {
      const name = prefix + key;
      const inner = value?.kvlistValue?.values;
      if (inner !== undefined && inner.length > 0) visit(inner, `${name}.`);
      else {
        const scalar = scalarOf(value);
        if (scalar !== undefined) flat.set(name, scalar);
      }
    }
  };
  visit(attributes ?? [], '');
  return flat;
}

/** A whole number within what a double holds exactly, else its digits. */
export function int64Of(value: Int64): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** @returns `undefined` for what is no finite number */
export function doubleOf(value: number | string | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Counts beyond 2^53 lose their last digits, as any reader of JSON would have it. */
export function numberOf(value: Int64 | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function plainOf(value: AnyValue | undefined): Scalar | object | undefined {
  if (value === undefined) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value;
  if (stringValue !== undefined) return stringValue;
  if (boolValue !== undefined) return boolValue;
  if (intValue !== undefined) return int64Of(intValue);
  if (doubleValue !== undefined) return doubleOf(doubleValue) ?? String(doubleValue);
  if (arrayValue !== undefined) return (arrayValue.values ?? []).map((item) => plainOf(item) ?? null);
  if (kvlistValue !== undefined) {
    return Object.fromEntries(
      (kvlistValue.values ?? []).map((entry) => [entry.key ?? '', plainOf(entry.value) ?? null]),
    );
  }
  return bytesValue === undefined ? undefined : textOfBytes(bytesValue);
}

/** Encoded, what stands in bytes would be hidden from detection. What is no text is not passed on. */
function textOfBytes(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(value);
  return isUtf8(bytes) ? bytes.toString('utf8') : `[${bytes.length} bytes]`;
}

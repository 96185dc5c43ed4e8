import { IntegrityError } from '@sdp/shared/errors';
import type { z } from 'zod';

/** State of a detector as bytes. Numbers come back exactly: JSON writes the shortest text that reads as the same double. */
export function snapshotOf(state: object): Uint8Array {
  return Buffer.from(JSON.stringify(state));
}

/** @throws {IntegrityError} `record-tampered` when the bytes are no such state */
export function readSnapshot<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  let state: unknown;
  try {
    state = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    throw snapshotInvalid();
  }
  const read = schema.safeParse(state);
  if (!read.success) throw snapshotInvalid();
  return read.data;
}

/** Numbers as a text, 8 bytes each, exact. */
export function textOfNumbers(numbers: Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

/** @throws {IntegrityError} `record-tampered` when the text isn't of so many finite numbers */
export function numbersOfText(text: string, count: number): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  if (bytes.length !== 8 * count) throw snapshotInvalid();
  const numbers = new Float64Array(bytes.buffer);
  if (!numbers.every(Number.isFinite)) throw snapshotInvalid();
  return numbers;
}

/** Numbers of single precision as a text, 4 bytes each, exact. */
export function textOfFloats(numbers: Float32Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

/** @throws {IntegrityError} `record-tampered` when the text isn't of so many finite numbers */
export function floatsOfText(text: string, count: number): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  if (bytes.length !== 4 * count) throw snapshotInvalid();
  const numbers = new Float32Array(bytes.buffer);
  if (!numbers.every(Number.isFinite)) throw snapshotInvalid();
  return numbers;
}

function snapshotInvalid(): IntegrityError {
  return new IntegrityError('record-tampered', { message: 'A stored state of a detector cannot be read' });
}

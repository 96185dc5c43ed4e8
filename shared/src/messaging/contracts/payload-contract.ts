import type { z } from 'zod';
import { type Finding, InputError } from '../../errors/index.ts';

/**
 * What a payload is, in one version. Versions of one name evolve backwards-compatibly: a reader of version 3 takes what was
 * written as version 1, 2 or 3 (see `compatibilityFindings`).
 */
export interface PayloadContract<T = unknown> {
  /** Such as `payment` or `transaction.decided`. */
  readonly name: string;
  /** A whole number from 1. */
  readonly version: number;
  readonly schema: z.ZodType<T>;
}

export interface SchemaId {
  readonly name: string;
  readonly version: number;
}

const schemaIdPattern = /^([a-z][a-z0-9._-]{0,99})\.v([1-9]\d{0,5})$/;

/** Name and version as they stand in a message's header, such as `payment.v2`. */
export function schemaIdOf({ name, version }: SchemaId): string {
  return `${name}.v${version}`;
}

/** Schema ids are few and come with each message. */
const parsed = new Map<string, SchemaId>();
const maxParsed = 1_000;

/** @returns `undefined` for what is no schema id */
export function parseSchemaId(text: string): SchemaId | undefined {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const [, name, version] = schemaIdPattern.exec(text) ?? [];
  if (name === undefined || version === undefined) return undefined;
  const id = { name, version: Number(version) };
  if (parsed.size < maxParsed) parsed.set(text, id);
  return id;
}

/**
 * The payload as JSON in UTF-8, as its contract has it.
 *
 * @throws {InputError} `message-invalid` with every field that is wrong, never with a value
 */
export function encodePayload<T>(contract: PayloadContract<T>, payload: T): Buffer {
  const result = contract.schema.safeParse(payload);
  if (!result.success) throw invalid(result.error);
  return Buffer.from(JSON.stringify(result.data), 'utf8');
}

/**
 * Reads a payload by the newest version of its contract that is at hand.
 *
 * @throws {InputError} `message-invalid` for another contract, a version newer than the reader's, no JSON, or wrong fields
 */
export function decodePayload<T>(contracts: readonly PayloadContract<T>[], schemaId: string, bytes: Uint8Array): T {
  const contract = newestFor(contracts, schemaId);
  if (contract === undefined) {
    throw new InputError('message-invalid', { message: 'The message’s contract, or its version, is not known here' });
  }
  const result = contract.schema.safeParse(parseJson(bytes));
  if (!result.success) throw invalid(result.error);
  return result.data;
}

/** The newest version of a contract that reads what was written by the schema. */
function newestFor<T>(contracts: readonly PayloadContract<T>[], schemaId: string): PayloadContract<T> | undefined {
  const id = parseSchemaId(schemaId);
  let newest: PayloadContract<T> | undefined;
  for (const contract of contracts) {
    if (contract.name !== id?.name || contract.version < id.version) continue;
    if (newest === undefined || contract.version > newest.version) newest = contract;
  }
  return newest;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // The parser's own error quotes what it read.
    throw new InputError('message-invalid', { message: 'The message is no JSON' });
  }
}

/** Zod's own messages may quote the input; its codes don't. */
function invalid(error: z.ZodError): InputError {
  const findings = error.issues.map(
    ({ code, path }): Finding => ({ field: path.map(String).join('.').slice(0, 200), message: code }),
  );
  return new InputError('message-invalid', { details: { findings } });
}

import { timingSafeEqual } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { batchIdSchema, clientIdSchema, columnMethodSchema, processingTypeSchema } from '@sdp/shared/contracts';
import { InputError, IntegrityError } from '@sdp/shared/errors';
import { z } from 'zod';
import { AtomicFile } from '../files/index.ts';
import { columnOptionsSchema } from '../manifest/index.ts';
import type { Vault } from '../vault/index.ts';
import { isSameServer } from './server-url.ts';

export const receiptSuffix = '.receipt.json';

const receiptSchema = z.strictObject({
  version: z.literal(1),
  created_at: z.iso.datetime(),
  batch_id: batchIdSchema,
  server_url: z.string().max(2_048),
  client_id: clientIdSchema,
  processing_type: processingTypeSchema,
  key_column: z.string(),
  record_count: z.int().min(1),
  file: z.strictObject({ name: z.string(), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** Where the methods are known from. */
  source: z.enum(['manifest', 'user']),
  columns: z.array(
    z.strictObject({
      name: z.string(),
      method: columnMethodSchema,
      namespace: z.string().min(1).optional(),
      options: columnOptionsSchema.optional(),
    }),
  ),
  declared_safe: z.array(z.string()),
  /** Vault that authenticates the receipt; null where none was at hand. */
  vault_id: z.string().nullable(),
  /** HMAC-SHA-256 over all the other fields under the vault's receipt key, in hex; null without a vault. */
  mac: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

/** What the client remembers of an upload: enough to fetch the results from the right place and to join them. */
export type Receipt = z.infer<typeof receiptSchema>;

/** The part of a vault that authenticates receipts. */
export type ReceiptAuthority = Pick<Vault, 'id' | 'authenticate'>;

/** The fields in the schema's order, without white space. */
function canonicalBytes(receipt: Omit<Receipt, 'mac'>): Buffer {
  const { mac: _, ...fields } = receiptSchema.parse({ ...receipt, mac: null });
  return Buffer.from(JSON.stringify(fields));
}

export function createReceipt(fields: Omit<Receipt, 'mac' | 'vault_id'>, vault: ReceiptAuthority | undefined): Receipt {
  const unsigned = { ...fields, vault_id: vault?.id ?? null };
  return { ...unsigned, mac: vault?.authenticate('receipt', canonicalBytes(unsigned)) ?? null };
}

/** @throws {InputError} `output-unwritable` */
export async function writeReceipt(path: string, receipt: Receipt): Promise<void> {
  const file = await AtomicFile.create(path, { mode: 0o600 });
  try {
    await file.write(Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`));
    await file.publish();
  } finally {
    await file.discard();
  }
}

/**
 * @throws {InputError} `file-not-found`, `file-unreadable`
 * @throws {IntegrityError} `receipt-invalid`
 */
export async function readReceipt(path: string): Promise<Receipt> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError(missing ? 'file-not-found' : 'file-unreadable', { details: { file: path } });
  }
  const receipt = parseReceipt(text);
  if (receipt !== undefined) return receipt;
  throw new IntegrityError('receipt-invalid', { message: 'The file is not a receipt', details: { file: path } });
}

function parseReceipt(text: string): Receipt | undefined {
  try {
    const parsed = receiptSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The first receipt of the batch among `*.receipt.json` in these folders. */
export async function findReceipt(
  batchId: string,
  folders: readonly string[],
): Promise<{ readonly path: string; readonly receipt: Receipt } | undefined> {
  for (const folder of new Set(folders.map((path) => resolve(path)))) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((entry) => entry.endsWith(receiptSuffix)).sort()) {
      const path = join(folder, name);
      const receipt = parseReceipt(await readFile(path, 'utf8').catch(() => ''));
      if (receipt?.batch_id === batchId) return { path, receipt };
    }
  }
  return undefined;
}

/**
 * Checks that the receipt was made with this vault and is of this batch and server.
 *
 * @throws {IntegrityError} `receipt-invalid`, saying what does not fit
 */
export function verifyReceipt(
  receipt: Receipt,
  expected: { readonly batchId: string; readonly serverUrl: string },
  vault: ReceiptAuthority | undefined,
): void {
  const fail = (message: string) => {
    throw new IntegrityError('receipt-invalid', { message, details: { batchId: expected.batchId } });
  };
  if (receipt.batch_id !== expected.batchId) fail('The receipt is of another batch');
  if (!isSameServer(receipt.server_url, expected.serverUrl)) fail('The receipt is of a batch on another server');
  if (receipt.mac === null || vault === undefined) return;
  if (receipt.vault_id !== vault.id) fail('The receipt belongs to another vault; name it with --vault or SDP_VAULT');
  const right = Buffer.from(vault.authenticate('receipt', canonicalBytes(receipt)), 'hex');
  const given = Buffer.from(receipt.mac, 'hex');
  if (right.length !== given.length || !timingSafeEqual(right, given)) {
    fail('The receipt was changed after it was written');
  }
}

/**
 * Where a receipt goes: where the user says, else beside the file. A receipt of another batch of the same file is not
 * overwritten; the new one then carries its batch's id in its name.
 */
export async function receiptPathFor(place: {
  readonly batchId: string;
  readonly beside: string;
  readonly named?: string;
}): Promise<string> {
  if (place.named !== undefined) return place.named;
  const usual = place.beside + receiptSuffix;
  const there = await readFile(usual, 'utf8').catch(() => undefined);
  if (there === undefined || parseReceipt(there)?.batch_id === place.batchId) return usual;
  return `${place.beside}.${place.batchId}${receiptSuffix}`;
}

import { existsSync } from 'node:fs';
import type { ColumnMethod } from '@sdp/shared/contracts';
import { keyFingerprint, type MasterKey } from '@sdp/shared/crypto';
import { InputError, IntegrityError } from '@sdp/shared/errors';
import type { CsvOptions } from '../csv/index.ts';
import { isKeyNamed, type KeySurroundings, loadMasterKey } from '../keys/index.ts';
import {
  csvOptionsIn,
  formatOf,
  type Manifest,
  type ManifestColumn,
  readManifest,
  verifyManifest,
} from '../manifest/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
import type { UploadColumn } from './declared-columns.ts';
import type { Inspection } from './inspect-file.ts';

/** Vault and master key, as far as they are at hand. */
export interface KeyRing {
  readonly vault: Vault | undefined;
  /** Of every key the client has or had. */
  readonly fingerprints: readonly string[];
  close(): Promise<void>;
}

export interface KeyRingOptions {
  readonly surroundings: KeySurroundings;
  readonly vaultPath: string;
  /** Whether to fail without a key and a vault; else what is there is used. */
  readonly required: boolean;
}

/**
 * Opens the vault for reading.
 *
 * @throws {ConfigError} `key-missing`, `key-invalid` and others of the key
 * @throws {VaultError} `vault-not-found`, `vault-wrong-key`
 */
export async function openKeyRing({ surroundings, vaultPath, required }: KeyRingOptions): Promise<KeyRing> {
  const masterKey: MasterKey | undefined =
    required || isKeyNamed(surroundings.env) ? await loadMasterKey(surroundings) : undefined;
  if (masterKey === undefined) return { vault: undefined, fingerprints: [], close: async () => undefined };
  const vault =
    required || existsSync(vaultPath) ? await openVault({ path: vaultPath, masterKey, readOnly: true }) : undefined;
  return {
    vault,
    fingerprints: [...new Set([keyFingerprint(masterKey), ...(vault?.keyFingerprints() ?? [])])],
    close: async () => await vault?.close(),
  };
}

/** What is known of a file's columns before it is looked at. */
export type Provenance =
  | { readonly source: 'manifest'; readonly manifest: Manifest }
  | { readonly source: 'user'; readonly declared: ReadonlyMap<string, ColumnMethod> };

export interface ProvenanceOptions {
  /** Where the manifest is. */
  readonly manifestPath: string;
  /** Whether the user named it. */
  readonly manifestNamed: boolean;
  readonly declared: ReadonlyMap<string, ColumnMethod>;
}

/**
 * The user's declarations if there are any, else the manifest; no declarations when there is neither.
 *
 * @throws {IntegrityError} `manifest-invalid`
 * @throws {InputError} `format-unsupported`
 */
export async function findProvenance(options: ProvenanceOptions): Promise<Provenance> {
  const { manifestPath, manifestNamed, declared } = options;
  if (declared.size > 0 || (!manifestNamed && !existsSync(manifestPath))) return { source: 'user', declared };
  const manifest = await readManifest(manifestPath);
  assertUploadable(manifest);
  return { source: 'manifest', manifest };
}

/** Only plain CSV is sent; the server takes rows with the same fields each. */
function assertUploadable(manifest: Manifest): void {
  const { format, compression } = formatOf(manifest);
  if (format.kind === 'csv' && compression === 'none') return;
  throw new InputError('format-unsupported', {
    message: `The file is ${compression === 'none' ? '' : `${compression} of `}${format.kind}; an upload is made of plain CSV`,
    remedy: 'Tokenize a CSV file to an output without compression, and upload that; it is compressed on its way.',
  });
}

/** How the manifest says the file is to be read; the user's options where there is none. */
export function csvOptionsOf(provenance: Provenance, options: CsvOptions): CsvOptions {
  return provenance.source === 'manifest' ? { ...options, ...csvOptionsIn(provenance.manifest) } : options;
}

/** @throws {IntegrityError} `manifest-invalid` when the manifest was not made with this vault */
export async function verifyProvenance(provenance: Provenance, vault: Vault | undefined): Promise<void> {
  if (provenance.source === 'manifest' && vault !== undefined) await verifyManifest(provenance.manifest, { vault });
}

/** @throws {IntegrityError} `manifest-invalid` when the manifest is of another file than the one that was read */
export function assertManifestFits({ file, row_count, columns }: Manifest, read: Inspection): void {
  const sameFile = file.bytes === read.bytes && file.sha256 === read.sha256 && row_count === read.rows;
  const names = columns.map(({ name }) => name);
  if (sameFile && names.length === read.columns.length && names.every((name, at) => name === read.columns[at])) return;
  throw new IntegrityError('manifest-invalid', { message: 'The file was changed after it was tokenized' });
}

export function columnsOfManifest(manifest: Manifest): UploadColumn[] {
  const columns: readonly ManifestColumn[] = manifest.columns;
  return columns.map(({ name, method, namespace, options }) => ({
    name,
    method,
    ...(namespace === undefined ? {} : { namespace }),
    ...(options === undefined ? {} : { options }),
  }));
}

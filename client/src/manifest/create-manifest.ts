import type { Manifest } from './manifest.ts';

/** The part of a vault that authenticates manifests. */
export interface ManifestAuthority {
  readonly id: string;
  /** HMAC-SHA-256 of `bytes` under the label's key, in hex. */
  authenticate(label: 'manifest', bytes: Uint8Array): string;
}

/** The manifest's fields in a fixed order and without white space: what the MAC covers. */
export function canonicalManifestBytes(manifest: Omit<Manifest, 'mac'>): Buffer {
  const { version, created_at, tool_version, source_table, key_column, vault_id } = manifest;
  const { columns, dropped, row_count, format, file } = manifest;
  const { delimiter, encoding, lenient } = format;
  return Buffer.from(
    JSON.stringify([
      version,
      created_at,
      tool_version,
      source_table,
      key_column,
      vault_id,
      columns.map(({ name, index, method, namespace }) => [name, index, method, namespace ?? null]),
      dropped,
      row_count,
      [delimiter, encoding, lenient],
      [file.bytes, file.sha256],
    ]),
  );
}

/** Adds vault id and MAC. */
export function createManifest(fields: Omit<Manifest, 'mac' | 'vault_id'>, vault: ManifestAuthority): Manifest {
  const unsigned = { ...fields, vault_id: vault.id };
  return { ...unsigned, mac: vault.authenticate('manifest', canonicalManifestBytes(unsigned)) };
}

/** The manifest as it is written to its file. */
export function serializeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

import type { Manifest, ManifestV2 } from './manifest.ts';

/** The part of a vault that authenticates manifests. */
export interface ManifestAuthority {
  readonly id: string;
  /** HMAC-SHA-256 of `bytes` under the label's key, in hex. */
  authenticate(label: 'manifest', bytes: Uint8Array): string;
}

/**
 * What the MAC covers. Version 1: the fields as a list in a fixed order. Version 2: all fields but the MAC as JSON with
 * sorted keys and no white space, so that a field that is added later needs no change here. One begins with `[`, the
 * other with `{`, so that neither can pass for the other.
 */
export function canonicalManifestBytes(manifest: Unsigned): Buffer {
  if (manifest.version === 2) {
    const { mac: _, ...fields } = manifest as ManifestV2;
    return Buffer.from(JSON.stringify(sorted(fields)));
  }
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

type WithoutMac<M> = M extends Manifest ? Omit<M, 'mac'> : never;
type Unsigned = WithoutMac<Manifest>;
type Fields<M> = M extends Manifest ? Omit<M, 'mac' | 'vault_id'> : never;

/** Adds vault id and MAC. */
export function createManifest<M extends Manifest>(fields: Fields<M>, vault: ManifestAuthority): M {
  const unsigned = { ...fields, vault_id: vault.id } as unknown as WithoutMac<M>;
  return { ...unsigned, mac: vault.authenticate('manifest', canonicalManifestBytes(unsigned)) } as unknown as M;
}

/** The manifest as it is written to its file. */
export function serializeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The same value with the keys of all objects in code unit order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createManifest,
  type ManifestV2,
  parseManifest,
  readManifest,
  serializeManifest,
  verifyManifest,
} from '../../src/manifest/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const vault = {
  id: 'v1',
  authenticate: (label: string, bytes: Uint8Array) =>
    createHmac('sha256', `key of ${label}`).update(bytes).digest('hex'),
};
const filePath = join(folder.path, 'a.csv');
writeFileSync(filePath, 'a,b\n1,2\n');
const manifest = createManifest(
  {
    version: 1,
    created_at: '2026-01-02T03:04:05.000Z',
    tool_version: '0.1.0',
    source_table: 't',
    key_column: 'a',
    columns: [
      { name: 'a', index: 0, method: 'token', namespace: 't.a' },
      { name: 'b', index: 1, method: 'keep' },
    ],
    dropped: ['c'],
    row_count: 1,
    format: { delimiter: ',', encoding: 'utf-8', lenient: false },
    file: { bytes: 8, sha256: '492d06e6bf7a3cb30f23e5c1fa4a2b44d0aaf6ea2d6a7cbd2cbd54b8e1fb8f4a' },
  },
  vault,
);

describe('manifest', () => {
  it('survives its file and verifies', async () => {
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update('a,b\n1,2\n').digest('hex');
    const { mac: _, vault_id: __, ...fields } = manifest;
    const fitting = createManifest({ ...fields, file: { bytes: 8, sha256 } }, vault);
    const path = join(folder.path, 'm.json');
    writeFileSync(path, serializeManifest(fitting));
    const read = await readManifest(path);
    expect(read).toEqual(fitting);
    await expect(verifyManifest(read, { vault, filePath })).resolves.toBeUndefined();
  });

  it('notices a file of another content or length', async () => {
    await expect(verifyManifest(manifest, { vault, filePath })).rejects.toMatchObject({
      code: 'manifest-invalid',
      message: 'The file was changed after it was tokenized',
    });
  });

  it('notices a change of any field', async () => {
    const changes: readonly ((copy: Record<string, never> & typeof manifest) => unknown)[] = [
      (copy) => Object.assign(copy, { created_at: '2026-01-02T03:04:06.000Z' }),
      (copy) => Object.assign(copy, { tool_version: '0.1.1' }),
      (copy) => Object.assign(copy, { source_table: 'u' }),
      (copy) => Object.assign(copy, { key_column: null }),
      (copy) => Object.assign(copy.columns[1] as object, { method: 'token' }),
      (copy) => Object.assign(copy.columns[0] as object, { namespace: 't.b' }),
      (copy) => Object.assign(copy.columns[0] as object, { name: 'x' }),
      (copy) => Object.assign(copy.columns[0] as object, { index: 1 }),
      (copy) => copy.columns.pop(),
      (copy) => copy.dropped.pop(),
      (copy) => Object.assign(copy, { row_count: 2 }),
      (copy) => Object.assign(copy.format, { delimiter: ';' }),
      (copy) => Object.assign(copy.format, { encoding: 'latin1' }),
      (copy) => Object.assign(copy.format, { lenient: true }),
      (copy) => Object.assign(copy.file, { bytes: 9 }),
      (copy) => Object.assign(copy.file, { sha256: '0'.repeat(64) }),
      (copy) => Object.assign(copy, { mac: '0'.repeat(64) }),
    ];
    await expect(verifyManifest(manifest, { vault })).resolves.toBeUndefined();
    for (const change of changes) {
      const copy = structuredClone(manifest) as Record<string, never> & typeof manifest;
      change(copy);
      await expect(verifyManifest(copy, { vault }), change.toString()).rejects.toMatchObject({
        code: 'manifest-invalid',
        message: 'The manifest was changed after it was written',
      });
    }
  });

  it('of version 2 covers every field, whatever the order of its keys', async () => {
    const { version: _, format, mac: __, vault_id: ___, columns, ...rest } = manifest;
    const fields = {
      ...rest,
      version: 2 as const,
      columns: [
        { ...columns[0], options: { canonical: 'trim', null_markers: ['NULL'] } },
        { name: 'b', index: 1, method: 'date-shift' as const, namespace: 't.a', options: { entity: 'a', max_days: 3 } },
      ],
      format: { kind: 'csv' as const, delimiter: ',', encoding: 'utf-8' as const, lenient: false },
      compression: 'none' as const,
    } as Parameters<typeof createManifest<ManifestV2>>[0];
    const made = createManifest<ManifestV2>(fields, vault);
    expect(made.version).toBe(2);
    expect(format).toBeDefined();
    const reordered = Object.fromEntries(Object.entries(made).reverse());
    await expect(verifyManifest(parseManifest(JSON.stringify(reordered)), { vault })).resolves.toBeUndefined();
    const changes: readonly ((copy: ManifestV2) => unknown)[] = [
      (copy) => Object.assign(copy, { key_column: null }),
      (copy) => Object.assign(copy, { compression: 'gzip' }),
      (copy) => Object.assign(copy.format, { lenient: true }),
      (copy) => Object.assign(copy.columns[0]?.options ?? {}, { canonical: 'trim+lower' }),
      (copy) => copy.columns[0]?.options?.null_markers?.push('N/A'),
      (copy) => Object.assign(copy.columns[1]?.options ?? {}, { max_days: 4 }),
      (copy) => Object.assign(copy.columns[1]?.options ?? {}, { padded: false }),
      (copy) => Object.assign(copy.columns[1] ?? {}, { options: undefined }),
      (copy) => Object.assign(copy.columns[1] ?? {}, { method: 'keep' }),
      (copy) => copy.columns.reverse(),
    ];
    for (const change of changes) {
      const copy = structuredClone(made);
      change(copy);
      await expect(verifyManifest(copy, { vault }), change.toString()).rejects.toMatchObject({
        message: 'The manifest was changed after it was written',
      });
    }
    // A version 1 manifest knows no options, and no other methods.
    for (const column of [
      { name: 'a', index: 0, method: 'email' },
      { ...columns[0], options: {} },
    ]) {
      expect(() => parseManifest(JSON.stringify({ ...manifest, columns: [column] }))).toThrow('fields of a manifest');
    }
  });

  it('belongs to one vault', async () => {
    await expect(verifyManifest(manifest, { vault: { ...vault, id: 'v2' } })).rejects.toMatchObject({
      message: 'The manifest belongs to another vault',
    });
  });

  it('refuses what is no manifest, without quoting it', async () => {
    expect(() => parseManifest('{"secret')).toThrow('The manifest is not JSON');
    for (const text of ['null', '{}', JSON.stringify({ ...manifest, extra: 'secret' })]) {
      expect(() => parseManifest(text)).toThrow('The manifest does not have the fields of a manifest');
    }
    await expect(readManifest(join(folder.path, 'none'))).rejects.toMatchObject({ code: 'file-not-found' });
  });
});

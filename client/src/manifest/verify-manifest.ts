import { createHash, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { InputError, IntegrityError } from '@sdp/shared/errors';
import { canonicalManifestBytes, type ManifestAuthority } from './create-manifest.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

/** Reads a manifest's text. What it says is not yet proven: see {@link verifyManifest}. */
export function parseManifest(text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's message quotes the file.
    throw new IntegrityError('manifest-invalid', { message: 'The manifest is not JSON' });
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    throw new IntegrityError('manifest-invalid', {
      message: 'The manifest does not have the fields of a manifest',
      details: { findings: parsed.error.issues.map(({ path }) => ({ message: 'invalid', field: path.join('.') })) },
    });
  }
  return parsed.data;
}

/**
 * @throws {InputError} `file-not-found`, `file-unreadable`
 * @throws {IntegrityError} `manifest-invalid`
 */
export async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError(missing ? 'file-not-found' : 'file-unreadable', { details: { file: path } });
  }
  return parseManifest(text);
}

export interface ManifestCheck {
  readonly vault: ManifestAuthority;
  /** The file that the manifest should describe; not looked at where left out. */
  readonly filePath?: string;
  /** What to do when the file was changed, where there is better advice than to tokenize it again. */
  readonly remedy?: string;
}

/**
 * Checks that the manifest was made with this vault and, if a path is given, that the file is the one it describes.
 *
 * @throws {IntegrityError} `manifest-invalid`, saying what does not fit
 */
export async function verifyManifest(manifest: Manifest, { vault, filePath, remedy }: ManifestCheck): Promise<void> {
  if (manifest.vault_id !== vault.id) {
    throw new IntegrityError('manifest-invalid', {
      message: 'The manifest belongs to another vault',
      remedy: 'Name the vault with which the file was tokenized: --vault or SDP_VAULT.',
    });
  }
  const expected = Buffer.from(vault.authenticate('manifest', canonicalManifestBytes(manifest)), 'hex');
  const given = Buffer.from(manifest.mac, 'hex');
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new IntegrityError('manifest-invalid', { message: 'The manifest was changed after it was written' });
  }
  if (filePath !== undefined) await verifyFile(manifest, filePath, remedy);
}

async function verifyFile(manifest: Manifest, filePath: string, remedy: string | undefined): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(filePath, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError(missing ? 'file-not-found' : 'file-unreadable', { details: { file: filePath } });
  }
  if (bytes !== manifest.file.bytes || hash.digest('hex') !== manifest.file.sha256) {
    throw new IntegrityError('manifest-invalid', {
      message: 'The file was changed after it was tokenized',
      ...(remedy === undefined ? {} : { remedy }),
      details: { file: filePath },
    });
  }
}

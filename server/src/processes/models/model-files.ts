import { createPublicKey } from 'node:crypto';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@sdp/shared/errors';
import {
  generateModelKeyPair,
  openPackage,
  packPackage,
  parseModelPrivateKey,
  readPackage,
  readPackageFolder,
  signPackage,
  statementFile,
  writeStatement,
} from '../../models/index.ts';
import type { Settings } from '../../settings/index.ts';
import { printLine } from '../print.ts';
import { fraudModels } from './fraud-models.ts';
import { withModels } from './open-models.ts';

/** Makes a key pair; the private half goes into a new file that only its owner reads. */
export async function keygen({ out, json }: { out: string; json: boolean }): Promise<void> {
  const { keyId, privateKeyPem, publicKeyText } = generateModelKeyPair();
  await writeNew(out, privateKeyPem, 0o600);
  if (json) printLine(JSON.stringify({ key_id: keyId, public_key: publicKeyText, private_key_file: out }));
  else {
    printLine(`key ${keyId}; its private half is in ${out}`);
    printLine(`SDP_MODEL_TRUSTED_KEYS=${publicKeyText}`);
  }
}

export interface SignOptions {
  readonly keyFile: string;
  readonly out?: string;
  readonly json: boolean;
}

/** Signs the files of a folder: the signature goes beside them, or with them into one file. */
export async function signFolder(folder: string, { keyFile, out, json }: SignOptions): Promise<void> {
  const pem = await readFile(keyFile, 'utf8').catch(() => {
    throw new InputError('file-unreadable', { message: 'The key file cannot be read', details: { file: keyFile } });
  });
  const privateKey = parseModelPrivateKey(pem);
  const signed = signPackage(await readPackageFolder(folder), privateKey);
  const place = out ?? join(folder, statementFile);
  if (out === undefined) await write(place, writeStatement(signed.statement));
  else await writeNew(out, packPackage(signed), 0o644);
  const { version, featureSetId, keyId, files } = signed.statement;
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (json) {
    const facts = { version, feature_set: featureSetId, key_id: keyId, files: files.length, size_bytes: sizeBytes };
    printLine(JSON.stringify({ ...facts, signature: place }));
  } else {
    printLine(`${version} for ${featureSetId}: ${files.length} files, ${sizeBytes.toLocaleString('en-US')} bytes`);
    printLine(`signed with key ${keyId} (${createPublicKey(privateKey).asymmetricKeyType}): ${place}`);
  }
}

/** Verifies a package, tries the model out, and stores it. Nothing is deployed. */
export async function addModel(settings: Settings, path: string, { json }: { json: boolean }): Promise<void> {
  await withModels(settings, async ({ registry, trusted, operator }) => {
    const found = await readPackage(path);
    const model = await openPackage(found, trusted, fraudModels());
    await model.close();
    const isNew = await registry.versions.add(found, operator);
    const { version, featureSetId } = found.statement;
    // The signature that is stored is the one that workers verify; the same files signed again change nothing.
    const { keyId } = (await registry.versions.load(version)).statement;
    if (json) printLine(JSON.stringify({ version, feature_set: featureSetId, key_id: keyId, added: isNew }));
    else if (isNew) printLine(`added ${version}, signed with key ${keyId}`);
    else printLine(`${version} is stored already: the same files, signed with key ${keyId}`);
  });
}

async function write(file: string, content: string): Promise<void> {
  await writeFile(file, content).catch(() => {
    throw new InputError('output-unwritable', { details: { file } });
  });
}

/** All or nothing, and never over a file that is there. */
async function writeNew(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    await writeFile(file, content, { flag: 'wx', mode, flush: true });
    // The mode that a file is made with is cut by the umask; this one is meant.
    await chmod(file, mode);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (!isThere) await rm(file, { force: true });
    throw new InputError(isThere ? 'file-exists' : 'output-unwritable', { details: { file } });
  }
}

import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { InputError, IntegrityError } from '@sdp/shared/errors';
import { z } from 'zod';
import { modelKeyId, type TrustedKeys } from './model-keys.ts';
import { assertPackageFiles, manifestFile, type PackageFiles } from './package-files.ts';
import {
  featureSetIdSchema,
  listFiles,
  modelVersionSchema,
  type SignedStatement,
  statementBytes,
} from './statement.ts';

/** A model's files with what their signer says of them. Only {@link verifyPackage} tells whether it is true. */
export interface ModelPackage {
  readonly statement: SignedStatement;
  readonly files: PackageFiles;
}

/** The two fields of the manifest that the statement repeats; the rest is for whoever opens the model. */
const manifestSchema = z.looseObject({ version: modelVersionSchema, feature_set: featureSetIdSchema });

/**
 * @throws {InputError} `model-manifest-invalid` where the manifest doesn't say which version for which feature set it is
 * @throws {IntegrityError} `model-tampered` for files that no package may have
 */
export function signPackage(files: PackageFiles, privateKey: KeyObject, at: Date = new Date()): ModelPackage {
  assertPackageFiles(files);
  const manifest = readManifest(files);
  const statement = {
    version: manifest.version,
    featureSetId: manifest.feature_set,
    files: listFiles(files),
    signedMs: at.getTime(),
    keyId: modelKeyId(createPublicKey(privateKey)),
  };
  return { files, statement: { ...statement, signature: sign(null, statementBytes(statement), privateKey) } };
}

/**
 * Holds a package to its signature and each file to its digest. The signature is looked at first: nothing of the files is
 * parsed for somebody who isn't trusted.
 *
 * @throws {IntegrityError} `model-tampered`
 */
export function verifyPackage({ statement, files }: ModelPackage, trusted: TrustedKeys): void {
  const key = trusted.get(statement.keyId);
  if (key === undefined) {
    throw new IntegrityError('model-tampered', { message: 'The model is signed by a key that is not trusted here' });
  }
  if (!verify(null, statementBytes(statement), key, statement.signature)) {
    throw new IntegrityError('model-tampered', { message: 'The signature does not fit what it stands under' });
  }
  assertPackageFiles(files);
  const found = listFiles(files);
  const isSame =
    found.length === statement.files.length &&
    found.every((file, i) => {
      const signed = statement.files[i];
      return file.name === signed?.name && file.sizeBytes === signed.sizeBytes && file.sha256 === signed.sha256;
    });
  if (!isSame) {
    throw new IntegrityError('model-tampered', { message: 'The files are not the ones that were signed' });
  }
  const manifest = readManifest(files);
  if (manifest.version !== statement.version || manifest.feature_set !== statement.featureSetId) {
    throw new IntegrityError('model-tampered', { message: 'The manifest is of another version or feature set' });
  }
}

function readManifest(files: PackageFiles): z.output<typeof manifestSchema> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(files.get(manifestFile) ?? []).toString('utf8'));
  } catch {
    // Below: the parser's own error quotes the file.
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new InputError('model-manifest-invalid', {
    message: `${manifestFile} is missing, or does not name a version and a feature_set`,
  });
}

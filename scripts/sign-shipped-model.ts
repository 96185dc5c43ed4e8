// Signs the model that comes with SDP: `node --conditions=sdp-source scripts/sign-shipped-model.ts server/models/fraud/<version>`.
// The key is made here, signs once and is never written anywhere; its public half goes into the source, where a review sees it
// change. Run it anew after training a model: that makes another key. With `--after-release` the one before stays trusted: models of
// earlier releases may still be deployed where SDP is updated.

import { writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import {
  generateModelKeyPair,
  parseModelPrivateKey,
  readPackageFolder,
  signPackage,
  statementFile,
  writeStatement,
} from '../server/src/models/index.ts';
import { earlierPublicKeys, shippedModel } from '../server/src/models/package/shipped-model-key.ts';

const keyFile = join(import.meta.dirname, '../server/src/models/package/shipped-model-key.ts');
const modelsDir = join(import.meta.dirname, '../server/models');
const [folder, option] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder of the model');
const earlier = [...earlierPublicKeys, ...(option === '--after-release' ? [shippedModel.publicKey] : [])];

const { privateKeyPem, publicKeyText } = generateModelKeyPair();
const { statement } = signPackage(await readPackageFolder(folder), parseModelPrivateKey(privateKeyPem));
await writeFile(join(folder, statementFile), writeStatement(statement));
const shown = relative(modelsDir, resolve(folder)).split(sep).join('/');
await writeFile(
  keyFile,
  `// Written by scripts/sign-shipped-model.ts.

/** The model that a new installation begins with: its folder in server/models, and the public half of the key that signed it. */
export const shippedModel = {
  folder: '${shown}',
  publicKey: '${publicKeyText}',
} as const;

/** Of models that earlier releases came with: those may still be deployed. */
export const earlierPublicKeys: readonly string[] = [${earlier.map((key) => `'${key}'`).join(', ')}];
`,
);
process.stdout.write(`signed ${statement.version}: ${statement.files.length} files\n`);

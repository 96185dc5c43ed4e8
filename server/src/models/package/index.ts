export {
  generateModelKeyPair,
  type ModelKeyPair,
  modelKeyId,
  parseModelPrivateKey,
  parseTrustedKeys,
  type TrustedKeys,
} from './model-keys.ts';
export { type ModelPackage, signPackage, verifyPackage } from './model-package.ts';
export { type PackageFiles, statementFile } from './package-files.ts';
export { readPackage, readPackageFolder } from './package-folder.ts';
export { packPackage, unpackPackage } from './packed-package.ts';
export { readShippedModel, shippedModelDir, trustedModelKeys } from './shipped-model.ts';
export { modelVersionSchema, type SignedStatement, writeStatement } from './statement.ts';

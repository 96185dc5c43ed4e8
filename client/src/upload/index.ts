export { ApiClient, type ApiClientOptions, invalidResponse, transportError } from './api-client.ts';
export { loadApiKey } from './api-key.ts';
export { parseDeclarations, type UploadColumn } from './declared-columns.ts';
export { type Compression, compressions } from './encode-body.ts';
export { parseParams, parseProcessingType } from './params.ts';
export { checkKeysApart, serverInfoPath } from './preflight.ts';
export { findProvenance, type KeyRing, openKeyRing } from './provenance.ts';
export {
  createReceipt,
  findReceipt,
  type Receipt,
  readReceipt,
  receiptPathFor,
  receiptSuffix,
  verifyReceipt,
  writeReceipt,
} from './receipt.ts';
export { defaultRetry, type RetryOptions } from './retry-policy.ts';
export { parseServerUrl, serverUrlText } from './server-url.ts';
export { spoolStream } from './spool-stdin.ts';
export { createDispatcher } from './transport.ts';
export { type Upload, type UploadRequest, uploadFile } from './upload-file.ts';
export { assertNotFailed, fetchBatch, waitForBatch } from './wait-for-batch.ts';

import type { ErrorCode, ErrorDetails } from '@sdp/shared/errors';
import type { Batch, BatchBuffers } from './batch.ts';
import type { WriterKeys } from './keyring.ts';

/** What the worker starts with. Key objects can pass between threads; they show no bytes on the way. */
export interface WorkerStart {
  readonly path: string;
  readonly keys: WriterKeys;
}

export type ToWorker = { readonly type: 'write'; readonly batches: readonly Batch[] } | { readonly type: 'stop' };

export type FromWorker =
  | {
      readonly type: 'written';
      readonly buffers: readonly BatchBuffers[];
      /** Of each batch, the positions of values that are stored in another spelling. */
      readonly differing: readonly Uint32Array[];
    }
  | { readonly type: 'failed'; readonly failure: WorkerFailure };

/** An error without its class, which doesn't survive the way between threads. */
export interface WorkerFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly details: ErrorDetails;
}

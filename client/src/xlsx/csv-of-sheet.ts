import { InputError } from '@sdp/shared/errors';
import type { ByteSource } from '../csv/index.ts';
import type { TableInput } from '../tables/index.ts';

export interface SheetOptions {
  readonly signal: AbortSignal;
  /** The first where left out. */
  readonly sheet?: string;
}

export function csvOfSheet(_table: TableInput, _options: SheetOptions): ByteSource {
  throw new InputError('format-unsupported');
}

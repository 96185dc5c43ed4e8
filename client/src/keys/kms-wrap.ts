import type { MasterKey } from '@sdp/shared/crypto';
import type { KeySurroundings } from './key-surroundings.ts';
import { masterKeyFrom } from './key-wrapping.ts';
import type { WrappedKey } from './sealed-key-file.ts';
import { createKeyService } from './services/create-key-service.ts';
import type { KeyServiceTuning } from './services/key-service.ts';

type KmsWrap = Extract<WrappedKey, { kind: 'kms' }>;

/** Has a key service wrap the master key. @throws what {@link createKeyService} and its `wrap` throw */
export async function wrapByService(
  fileId: string,
  master: MasterKey,
  uri: string,
  surroundings: KeySurroundings,
  tuning?: KeyServiceTuning,
): Promise<KmsWrap> {
  const service = createKeyService(uri, surroundings, tuning);
  const bytes = master.export();
  try {
    return { kind: 'kms', uri, ciphertext: await service.wrap(bytes, contextOf(fileId)) };
  } finally {
    bytes.fill(0);
    await service.close();
  }
}

/** @returns `undefined` if what came back is no key */
export async function unwrapByService(
  fileId: string,
  { uri, ciphertext }: KmsWrap,
  surroundings: KeySurroundings,
  tuning?: KeyServiceTuning,
): Promise<MasterKey | undefined> {
  const service = createKeyService(uri, surroundings, tuning);
  try {
    return masterKeyFrom(await service.unwrap(ciphertext, contextOf(fileId)));
  } finally {
    await service.close();
  }
}

/** What a wrap belongs to; the service authenticates it and, where it keeps a log, writes it there. */
const contextOf = (fileId: string): string => `sdp-sealed-key-v1:${fileId}`;

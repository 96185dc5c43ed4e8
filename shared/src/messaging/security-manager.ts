import { RejectedError } from '../errors/index.ts';
import {
  type EnvelopeContext,
  maxBatchMessages,
  type OpenedEnvelope,
  openEnvelope,
  type SignatureAlgorithm,
  sealEnvelope,
  sealEnvelopes,
  type UnsealedMessage,
  VerifiedBatches,
} from './envelope/index.ts';
import type { KeyRing } from './keys/index.ts';

export interface SecurityManagerOptions {
  readonly keys: KeyRing;
  readonly now?: () => Date;
}

/** Seals and opens messages with the keys of a ring. */
export class SecurityManager {
  readonly keys: KeyRing;
  readonly #now: () => Date;
  readonly #batches = new VerifiedBatches();

  constructor({ keys, now = () => new Date() }: SecurityManagerOptions) {
    this.keys = keys;
    this.#now = now;
  }

  /** @throws {ConfigError} `message-key-missing`, `message-key-exhausted` */
  async seal(context: EnvelopeContext, plaintext: Uint8Array): Promise<Buffer> {
    return sealEnvelope(await this.keys.sealer(), { context, plaintext }, this.#now());
  }

  /** Under an Ed25519 key all share one signature, each still verifies alone. @throws as {@link seal} */
  async sealBatch(messages: readonly UnsealedMessage[]): Promise<Buffer[]> {
    const sealed: Buffer[] = [];
    for (let from = 0; from < messages.length; from += maxBatchMessages) {
      const batch = messages.slice(from, from + maxBatchMessages);
      sealed.push(...sealEnvelopes(await this.keys.sealer(batch.length), batch, this.#now()));
    }
    return sealed;
  }

  /**
   * @param allowed signature algorithms that are taken; all where left out
   * @throws {IntegrityError} a `message-…` code: whatever isn't exactly as it was sealed for exactly this place
   * @throws {RejectedError} `policy-violated` for an algorithm that isn't allowed
   */
  open(context: EnvelopeContext, bytes: Uint8Array, allowed?: readonly SignatureAlgorithm[]): OpenedEnvelope {
    const opened = openEnvelope(this.keys, context, bytes, this.#batches);
    if (allowed !== undefined && !allowed.includes(opened.signature)) throw new RejectedError('policy-violated');
    return opened;
  }
}

import { RejectedError } from '../errors/index.ts';
import {
  type EnvelopeContext,
  type EnvelopeSealer,
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
  /** What was sealed here, for as long as somebody has the sealed message. */
  readonly #own = new WeakMap<Uint8Array, Own>();

  constructor({ keys, now = () => new Date() }: SecurityManagerOptions) {
    this.keys = keys;
    this.#now = now;
  }

  /** @throws {ConfigError} `message-key-missing`, `message-key-exhausted` */
  async seal(context: EnvelopeContext, plaintext: Uint8Array): Promise<Buffer> {
    const sealer = await this.keys.sealer();
    const sealedAt = this.#now();
    const message = { context, plaintext };
    const sealed = sealEnvelope(sealer, message, sealedAt);
    this.#own.set(sealed, { message, sealer, sealedAt, signature: 'mac' in sealer.signer ? 'hmac-sha256' : 'ed25519' });
    return sealed;
  }

  /** Under an Ed25519 key all share one signature, each still verifies alone. @throws as {@link seal} */
  async sealBatch(messages: readonly UnsealedMessage[]): Promise<Buffer[]> {
    const sealed: Buffer[] = [];
    for (let from = 0; from < messages.length; from += maxBatchMessages) {
      const batch = messages.slice(from, from + maxBatchMessages);
      const sealer = await this.keys.sealer(batch.length);
      const sealedAt = this.#now();
      const signature = 'mac' in sealer.signer ? 'hmac-sha256' : 'ed25519-merkle';
      for (const [i, envelope] of sealEnvelopes(sealer, batch, sealedAt).entries()) {
        this.#own.set(envelope, { message: batch[i] as UnsealedMessage, sealer, sealedAt, signature });
        sealed.push(envelope);
      }
    }
    return sealed;
  }

  /**
   * @param allowed signature algorithms that are taken; all where left out
   * @param isOwn see `isOwn` of `BusMessage`: what was sealed here needn't be deciphered and verified by its own sealer
   * @throws {IntegrityError} a `message-…` code: whatever isn't exactly as it was sealed for exactly this place
   * @throws {RejectedError} `policy-violated` for an algorithm that isn't allowed
   */
  open(
    context: EnvelopeContext,
    bytes: Uint8Array,
    allowed?: readonly SignatureAlgorithm[],
    isOwn = false,
  ): OpenedEnvelope {
    const own = isOwn ? this.#openOwn(context, bytes) : undefined;
    const opened = own ?? openEnvelope(this.keys, context, bytes, this.#batches);
    if (allowed !== undefined && !allowed.includes(opened.signature)) throw new RejectedError('policy-violated');
    return opened;
  }

  #openOwn(context: EnvelopeContext, bytes: Uint8Array): OpenedEnvelope | undefined {
    const own = this.#own.get(bytes);
    if (own === undefined || !isSameContext(own.message.context, context)) return undefined;
    const { message, sealer, sealedAt, signature } = own;
    const { buffer, byteOffset, byteLength } = message.plaintext;
    return {
      plaintext: Buffer.from(buffer, byteOffset, byteLength),
      party: this.keys.party,
      ...{ signature, sealedAt, keyId: sealer.keyId, signingKeyId: sealer.signer.keyId },
    };
  }
}

interface Own {
  readonly message: UnsealedMessage;
  readonly sealer: EnvelopeSealer;
  readonly sealedAt: Date;
  readonly signature: SignatureAlgorithm;
}

function isSameContext(one: EnvelopeContext, other: EnvelopeContext): boolean {
  return (
    one.topic === other.topic &&
    one.key === other.key &&
    one.schemaId === other.schemaId &&
    one.eventId === other.eventId &&
    one.tenant === other.tenant &&
    one.replayOf === other.replayOf
  );
}

import { nonceBytes, tagBytes } from '../../crypto/index.ts';
import { type CodeOf, IntegrityError } from '../../errors/index.ts';
import {
  aes256Gcm,
  digestBytes,
  type EnvelopeHead,
  ed25519Bytes,
  envelopeMagic,
  envelopeVersion,
  isKeyId,
  maxBatchMessages,
  maxCiphertextBytes,
  type SignatureAlgorithm,
  signatureCodes,
} from './envelope-format.ts';
import { type MerklePath, pathLength } from './merkle-tree.ts';

/** A sealed message in its parts, as views of the bytes it was parsed from. Nothing of it is verified. */
export interface ParsedEnvelope extends EnvelopeHead {
  /** All before the nonce. */
  readonly head: Uint8Array;
  readonly nonce: Uint8Array;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
  /** All before the signature. */
  readonly body: Uint8Array;
  /** HMAC or Ed25519 signature. */
  readonly signatureBytes: Uint8Array;
  /** Of `ed25519-merkle`: the signature is the root's. */
  readonly path?: MerklePath;
}

/**
 * Takes a sealed message apart. Strict: one way to write a message, no byte too many, every length checked before use.
 *
 * @throws {IntegrityError} `message-plaintext` for what doesn't begin like a sealed message, `message-unsigned`,
 *   `message-malformed`
 */
export function parseEnvelope(given: Uint8Array): ParsedEnvelope {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const reader = new Reader(bytes);
  if (bytes.length < envelopeMagic.length || bytes.readUInt32BE(0) !== magicNumber) refuse('message-plaintext');
  reader.offset = envelopeMagic.length;
  if (reader.byte() !== envelopeVersion || reader.byte() !== aes256Gcm) refuse('message-malformed');
  const signature = signatureOf(reader.byte());
  if (reader.byte() !== 0) refuse('message-malformed');
  const sealedAt = new Date(reader.uint64());
  const keyId = reader.keyId();
  const signingKeyId = reader.keyId();
  const head = reader.from(0, reader.offset);
  const nonce = reader.take(nonceBytes);
  const ciphertextBytes = reader.uint32();
  if (ciphertextBytes > maxCiphertextBytes) refuse('message-malformed');
  const sealed = reader.take(ciphertextBytes + tagBytes);
  const body = reader.from(0, reader.offset);
  const path = signature === 'ed25519-merkle' ? readPath(reader) : undefined;
  const signatureBytes = reader.take(signature === 'hmac-sha256' ? digestBytes : ed25519Bytes);
  if (reader.offset !== bytes.length) refuse('message-malformed');
  const parts = { signature, sealedAt, keyId, signingKeyId, head, nonce, sealed, body, signatureBytes };
  return path === undefined ? parts : { ...parts, path };
}

const magicNumber = envelopeMagic.readUInt32BE(0);

function signatureOf(code: number): SignatureAlgorithm {
  if (code === signatureCodes.none) refuse('message-unsigned');
  for (const name of ['hmac-sha256', 'ed25519', 'ed25519-merkle'] as const) {
    if (signatureCodes[name] === code) return name;
  }
  return refuse('message-malformed');
}

function readPath(reader: Reader): MerklePath {
  const index = reader.uint32();
  const count = reader.uint32();
  const length = reader.byte();
  if (count > maxBatchMessages || index >= count || length !== pathLength(index, count)) refuse('message-malformed');
  return { index, count, siblings: Array.from({ length }, () => reader.latin1(digestBytes)) };
}

function refuse(code: CodeOf<'integrity'>): never {
  throw new IntegrityError(code);
}

class Reader {
  readonly #bytes: Buffer;
  offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Uint8Array {
    const from = this.#advance(length);
    return this.from(from, length);
  }

  /** No Buffer: those take three times as long to make. */
  from(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + offset, length);
  }

  latin1(length: number): string {
    const from = this.#advance(length);
    return this.#bytes.toString('latin1', from, from + length);
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  /** A time; more than a Date can hold is refused. */
  uint64(): number {
    const value = this.uint32() * 2 ** 32 + this.uint32();
    if (value > 8.64e15) refuse('message-malformed');
    return value;
  }

  keyId(): string {
    const text = this.latin1(this.byte());
    if (!isKeyId(text)) refuse('message-malformed');
    return text;
  }

  #advance(length: number): number {
    const from = this.offset;
    if (from + length > this.#bytes.length) refuse('message-malformed');
    this.offset = from + length;
    return from;
  }
}

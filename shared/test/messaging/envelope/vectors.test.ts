import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type EnvelopeContext, messageMac, openEnvelope } from '../../../src/messaging/envelope/index.ts';
import { codeOf, ed25519PublicKey, keysOf } from '../support/envelope-keys.ts';

interface Vectors {
  readonly encryptionKey: string;
  readonly macKey: string;
  readonly ed25519PublicKey: string;
  readonly messages: readonly {
    readonly algorithm: string;
    readonly sealedAtMs: number;
    readonly keyId: string;
    readonly signingKeyId: string;
    readonly plaintext: string;
    readonly context: EnvelopeContext;
    readonly envelope: string;
  }[];
}

/** Made by `make-vectors.py`, which knows nothing of this implementation. */
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'envelope-vectors.json'), 'utf8')) as Vectors;

const keys = keysOf(
  { 'enc-2026.1': createSecretKey(Buffer.from(vectors.encryptionKey, 'hex')) },
  {
    'mac-1': { mac: messageMac(createSecretKey(Buffer.from(vectors.macKey, 'hex'))), party: 'a' },
    'ed-1': { publicKey: ed25519PublicKey(vectors.ed25519PublicKey), party: 'b' },
  },
);

describe('envelopes made by another implementation', () => {
  test('are there for every algorithm', () => {
    expect(new Set(vectors.messages.map(({ algorithm }) => algorithm))).toEqual(
      new Set(['hmac-sha256', 'ed25519', 'ed25519-merkle']),
    );
  });

  test.each(vectors.messages)('$algorithm, $context.eventId opens', (vector) => {
    const opened = openEnvelope(keys, vector.context, Buffer.from(vector.envelope, 'hex'));
    expect(opened.plaintext.toString('hex')).toBe(vector.plaintext);
    expect(opened.signature).toBe(vector.algorithm);
    expect(opened.sealedAt.getTime()).toBe(vector.sealedAtMs);
    expect(opened.keyId).toBe(vector.keyId);
    expect(opened.signingKeyId).toBe(vector.signingKeyId);
  });

  test.each(vectors.messages)('$algorithm, $context.eventId opens nowhere else', (vector) => {
    const bytes = Buffer.from(vector.envelope, 'hex');
    for (const name of ['topic', 'key', 'schemaId', 'eventId', 'tenant', 'replayOf'] as const) {
      const other = { ...vector.context, [name]: `${vector.context[name] ?? ''}x` };
      expect(
        codeOf(() => openEnvelope(keys, other, bytes)),
        name,
      ).toBe('message-tampered');
    }
    // A byte that moves from one field to the next.
    const { topic, key } = vector.context;
    const moved = { ...vector.context, topic: topic + key.slice(0, 1), key: key.slice(1) };
    expect(codeOf(() => openEnvelope(keys, moved, bytes))).toBe('message-tampered');
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  openEnvelope,
  parseEnvelope,
  sealEnvelope,
  sealEnvelopes,
  VerifiedBatches,
} from '../../../src/messaging/envelope/index.ts';
import { codeOf, keysOf, sampleKey, sampleKeys, sealers } from '../support/envelope-keys.ts';

const context = {
  topic: 'payment.made',
  key: 'account-1',
  schemaId: 'payment.v1',
  eventId: 'e-1',
  tenant: 'acme',
} as const;
const now = new Date(1_760_000_000_000);
const plaintext = Buffer.from('a payload');
const refusals = ['message-plaintext', 'message-unsigned', 'message-malformed', 'message-key-unknown'];
refusals.push('message-tampered');

const batchOf = (size: number) => {
  const messages = Array.from({ length: size }, (_, i) => ({ context: { ...context, eventId: `e-${i}` }, plaintext }));
  return { messages, sealed: sealEnvelopes(sealers.ed25519, messages, now) };
};

/** One envelope by each algorithm; of batches one of each shape of path. */
const samples = [
  { name: 'hmac-sha256', context, bytes: sealEnvelope(sealers['hmac-sha256'], { context, plaintext }, now) },
  { name: 'ed25519', context, bytes: sealEnvelope(sealers.ed25519, { context, plaintext }, now) },
  ...[1, 2, 5].flatMap((size) => {
    const { messages, sealed } = batchOf(size);
    return [...new Set([0, size - 1])].map((i) => ({
      name: `ed25519-merkle, ${i} of ${size}`,
      context: messages[i]?.context ?? context,
      bytes: sealed[i] ?? Buffer.alloc(0),
    }));
  }),
];

describe('sealing', () => {
  test('opens to what was sealed, wherever it belongs', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const places = fc.record({ topic: text, key: text, schemaId: text, eventId: text, tenant: text, replayOf: text });
    const algorithm = fc.constantFrom('hmac-sha256' as const, 'ed25519' as const);
    fc.assert(
      fc.property(places, fc.uint8Array({ maxLength: 3_000 }), algorithm, (place, content, name) => {
        const bytes = sealEnvelope(sealers[name], { context: place, plaintext: content }, now);
        const opened = openEnvelope(sampleKeys, place, bytes);
        expect(opened.plaintext).toEqual(Buffer.from(content));
        expect(opened).toMatchObject({ signature: name, sealedAt: now, keyId: 'enc-1' });
      }),
      { numRuns: 60 },
    );
  });

  test.each([1, 2, 3, 4, 5, 8, 13, 64, 100])('lets each message of a batch of %i verify alone', (size) => {
    const { messages, sealed } = batchOf(size);
    for (const [i, bytes] of sealed.entries()) {
      const own = messages[i]?.context ?? context;
      expect(openEnvelope(sampleKeys, own, bytes).plaintext).toEqual(plaintext);
    }
  });

  test('never seals two messages alike', () => {
    const seal = () => sealEnvelope(sealers['hmac-sha256'], { context, plaintext }, now).toString('hex');
    expect(new Set(Array.from({ length: 500 }, seal)).size).toBe(500);
  });
});

describe.each(samples)('$name', ({ context: own, bytes }) => {
  test('is refused with any one bit changed', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(refusals, `bit ${bit}`).toContain(codeOf(() => openEnvelope(sampleKeys, own, changed)));
    }
  });

  test('is refused cut off anywhere, and with anything behind it', () => {
    for (let length = 0; length < bytes.length; length++) {
      const code = codeOf(() => openEnvelope(sampleKeys, own, bytes.subarray(0, length)));
      expect(code, `${length} bytes`).toBe(length < 4 ? 'message-plaintext' : 'message-malformed');
    }
    expect(codeOf(() => openEnvelope(sampleKeys, own, Buffer.concat([bytes, Buffer.alloc(1)])))).toBe(
      'message-malformed',
    );
  });
});

describe('opening', () => {
  test('refuses whatever else it is given, with a code and nothing worse', () => {
    const magic = Buffer.from('SDPE\u0001\u0001', 'latin1');
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((rest) => Buffer.concat([magic, rest])),
      // Splices of two good ones.
      fc.tuple(fc.nat(samples.length - 1), fc.nat(samples.length - 1), fc.nat(200)).map(([a, b, at]) => {
        const [head, tail] = [samples[a]?.bytes ?? magic, samples[b]?.bytes ?? magic];
        return a === b ? magic : Buffer.concat([head.subarray(0, at), tail.subarray(at)]);
      }),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        const code = codeOf(() => openEnvelope(sampleKeys, { ...context, eventId: 'another' }, bytes));
        expect(refusals).toContain(code);
      }),
      { numRuns: 2_000 },
    );
  });

  test('says of plaintext that it is plaintext, and of an unsigned message that it is unsigned', () => {
    expect(codeOf(() => parseEnvelope(Buffer.from('{"amount":1}')))).toBe('message-plaintext');
    const unsigned = Buffer.from(samples[0]?.bytes ?? []);
    unsigned[6] = 0;
    expect(codeOf(() => parseEnvelope(unsigned))).toBe('message-unsigned');
  });

  test('takes from a key only the algorithm that it was made for', () => {
    const [, ed25519] = samples;
    const asMac = keysOf({ 'enc-1': sampleKey }, { 'ed-1': { mac: sealers['hmac-sha256'].signer.mac, party: 'x' } });
    expect(codeOf(() => openEnvelope(asMac, context, ed25519?.bytes ?? Buffer.alloc(0)))).toBe('message-tampered');
  });

  test('names a key that it has not', () => {
    const bytes = samples[0]?.bytes ?? Buffer.alloc(0);
    expect(codeOf(() => openEnvelope(keysOf({}, {}), context, bytes))).toBe('message-key-unknown');
  });

  test('checks the signature of a batch once, and still every path', () => {
    const { messages, sealed } = batchOf(10);
    const batches = new VerifiedBatches();
    const open = (i: number, bytes = sealed[i]) =>
      openEnvelope(sampleKeys, messages[i]?.context ?? context, bytes ?? plaintext, batches);
    for (const i of sealed.keys()) open(i);
    expect(batches.size).toBe(1);
    expect(codeOf(() => open(1, sealed[0]))).toBe('message-tampered');
    // What needs no hashing any more is compared all the same.
    for (const [i, bytes] of sealed.entries()) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(refusals, `message ${i}, bit ${bit}`).toContain(codeOf(() => open(i, changed)));
      }
      expect(open(i).plaintext).toEqual(plaintext);
    }
    expect(batches.size).toBe(1);
  });

  test('opens a batch in any order and refuses what of its paths was changed, whatever is known of it', () => {
    const orders = fc.integer({ min: 1, max: 33 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        order: fc.shuffledSubarray(
          Array.from({ length: size }, (_, i) => i),
          { minLength: 1 },
        ),
        at: fc.nat(400),
      }),
    );
    fc.assert(
      fc.property(orders, ({ size, order, at }) => {
        const { messages, sealed } = batchOf(size);
        const batches = new VerifiedBatches();
        for (const i of order) {
          const [bytes, own] = [sealed[i] ?? plaintext, messages[i]?.context ?? context];
          const changed = Buffer.from(bytes);
          const place = changed.length - 1 - (at % (changed.length - 100));
          changed[place] = (changed[place] ?? 0) ^ 1;
          expect(refusals).toContain(codeOf(() => openEnvelope(sampleKeys, own, changed, batches)));
          expect(openEnvelope(sampleKeys, own, bytes, batches).plaintext).toEqual(plaintext);
        }
        expect(batches.size).toBe(1);
      }),
      { numRuns: 100 },
    );
  });

  test('remembers a bounded number of batches and of their nodes', () => {
    const few = new VerifiedBatches(3);
    const small = new VerifiedBatches(100, 10);
    for (let i = 0; i < 20; i++) {
      const { messages, sealed } = batchOf(4);
      for (const [n, bytes] of sealed.entries()) {
        openEnvelope(sampleKeys, messages[n]?.context ?? context, bytes, few);
        openEnvelope(sampleKeys, messages[n]?.context ?? context, bytes, small);
      }
    }
    expect(few.size).toBe(3);
    expect(small.size).toBeLessThanOrEqual(3);
  });
});

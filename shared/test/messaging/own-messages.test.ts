import { describe, expect, it } from 'vitest';
import { SecurityManager } from '../../src/messaging/index.ts';
import { codeOf } from './support/envelope-keys.ts';
import { sampleRing } from './support/secure-pair.ts';

const context = { topic: 'in', key: 'k', schemaId: 'counted.v1', eventId: 'e1', tenant: 'acme' };
const other = { ...context, eventId: 'e2' };
const [one, two] = [Buffer.from('{"n":1}'), Buffer.from('{"n":2}')];

describe('a message that the process has sealed itself', () => {
  it('opens as it does from the log', async () => {
    const security = new SecurityManager({ keys: sampleRing(), now: () => new Date(1_760_000_000_000) });
    const sealed = await security.seal(context, one);
    expect(security.open(context, sealed, undefined, true)).toEqual(security.open(context, sealed));
    const batch = await security.sealBatch([
      { context, plaintext: one },
      { context: other, plaintext: two },
    ]);
    for (const [i, place] of [context, other].entries()) {
      const bytes = batch[i] ?? Buffer.alloc(0);
      expect(security.open(place, bytes, undefined, true)).toEqual(security.open(place, bytes));
      expect(codeOf(() => security.open(place, bytes, ['ed25519'], true))).toBe('policy-violated');
    }
  });

  it('is refused in any other place, and where it is not the very object', async () => {
    const security = new SecurityManager({ keys: sampleRing() });
    const sealed = await security.seal(context, one);
    for (const field of ['topic', 'key', 'schemaId', 'eventId', 'tenant', 'replayOf']) {
      const place = { ...context, [field]: 'x' };
      expect([field, codeOf(() => security.open(place, sealed, undefined, true))]).toEqual([field, 'message-tampered']);
    }
    const copy = Buffer.from(sealed);
    copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
    expect(codeOf(() => security.open(context, copy, undefined, true))).toBe('message-tampered');
    const stranger = new SecurityManager({ keys: sampleRing() });
    expect(stranger.open(context, sealed, undefined, true).plaintext).toEqual(one);
  });

  it('is verified all the same where nobody vouches for its memory', async () => {
    const security = new SecurityManager({ keys: sampleRing() });
    const sealed = await security.seal(context, one);
    sealed.writeUInt8(sealed.readUInt8(sealed.length - 1) ^ 1, sealed.length - 1);
    expect(codeOf(() => security.open(context, sealed))).toBe('message-tampered');
  });
});

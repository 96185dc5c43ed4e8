import { type OutgoingMessage, SecurityManager } from '@sdp/shared/messaging';
import { sampleRing } from './secure-pair.ts';

/** Something a stranger puts into a topic, with the code for which it must be refused. */
export type Attack = readonly [code: string, message: OutgoingMessage];

/** What whoever has the broker, and no key, can make of two genuine messages of one topic. */
export async function attacksOn(
  topic: string,
  first: OutgoingMessage,
  second: OutgoingMessage,
): Promise<readonly Attack[]> {
  const flipped = Buffer.from(first.value);
  flipped[flipped.length - 40] = (flipped[flipped.length - 40] ?? 0) ^ 1;
  const stranger = new SecurityManager({ keys: sampleRing() });
  stranger.keys.rotateEncryption({ id: 'foreign', key: stranger.keys.decryptionKey('e1') as never });
  const context = { topic, key: 'k', schemaId: 'counted.v1', eventId: 'x', tenant: 'acme' };
  const foreign = await stranger.seal(context, Buffer.from('{"n":99}'));
  const headers = first.headers ?? {};
  return [
    ['message-plaintext', { key: 'k', value: Buffer.from('{"n":99}') }],
    ['message-plaintext', { key: 'k', value: Buffer.from('{"n":99}'), headers }],
    ['message-plaintext', { key: 'k', value: Buffer.alloc(0) }],
    ['message-malformed', { ...first, value: first.value.subarray(0, 60) }],
    ['message-malformed', { key: first.key, value: first.value }],
    ['message-tampered', { ...first, value: flipped }],
    ['message-tampered', { ...first, key: 'another key' }],
    ['message-tampered', { ...first, value: second.value }],
    ['message-tampered', { ...first, headers: { ...headers, 'x-sdp-tenant': 'other' } }],
    ['message-tampered', { ...first, headers: { ...headers, 'x-sdp-schema': 'counted.v2' } }],
    ['message-tampered', { ...first, headers: { ...headers, 'x-sdp-event-id': 'new' } }],
    ['message-tampered', { ...first, headers: { ...headers, 'x-sdp-replay-of': 'old' } }],
    ['message-key-unknown', { key: 'k', value: foreign, headers: { ...headers, 'x-sdp-event-id': 'x' } }],
  ];
}

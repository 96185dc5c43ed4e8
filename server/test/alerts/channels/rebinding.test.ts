import dns, { type LookupAddress } from 'node:dns';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHttpChannel } from '../../../src/alerts/channels/http-channel.ts';
import { testMessage } from '../../../src/alerts/test-message.ts';
import { type Receiver, startReceiver } from '../receivers.ts';

const lookups: LookupAddress[][] = [];
const public4 = { address: '93.184.216.34', family: 4 };
const local = { address: '127.0.0.1', family: 4 };

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
  lookups.length = 0;
  const lookup = (_name: string, _options: object, done: (error: null, found: LookupAddress[]) => void) =>
    done(null, lookups.shift() ?? []);
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await receiver.close();
});

async function send(host: string) {
  const channel = createHttpChannel({
    ...{ name: 'hook', url: `http://${host}:${receiver.port}/`, timeoutMs: 400, maxInFlight: 1 },
    ...{ allowPrivateAddresses: false, bodyOf: () => ({}) },
  });
  const outcome = await channel.send(testMessage('0198a1c2-0000-4000-8000-000000000001', new Date()));
  await channel.close();
  return outcome;
}

it.each([
  ['a private address', [local]],
  ['a public and a private one', [public4, local]],
  ['a private one that IPv6 carries', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ['a private one behind a translation of addresses', [{ address: '64:ff9b::7f00:1', family: 6 }]],
  ['metadata of a cloud', [{ address: '169.254.169.254', family: 4 }]],
  ['nothing', []],
])('a name that leads to %s is refused', async (_what, found) => {
  lookups.push(found, [local], [local]);
  expect(await send('hook.example')).toEqual({ kind: 'refused', reason: 'private-address' });
  expect(receiver.received).toEqual([]);
});

it('a name that leads elsewhere a moment after it was looked at gains nothing: it is looked up once', async () => {
  lookups.push([public4], [local], [local]);
  const outcome = await send('hook.example');
  expect(outcome.kind).toBe('retry');
  expect(lookups).toHaveLength(2);
  expect(receiver.received).toEqual([]);
});

it.each(['127.0.0.1', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '2130706433', '0x7f.1', '127.0.0.1.'])(
  'the address %s itself is refused, however it is written',
  async (host) => {
    expect(await send(host)).toEqual({ kind: 'refused', reason: 'private-address' });
    expect(receiver.received).toEqual([]);
  },
);

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { identityHash } from '../../../src/transactions/features/identity-hash.ts';
import { mostPeers, PeerSet } from '../../../src/transactions/features/peer-set.ts';

const peers = new PeerSet();

it('holds what a set would, emptied again and again, whatever the low bits are', () => {
  const identity = fc.oneof(
    fc.nat(20),
    fc.nat(20).map((number) => number * 4_096),
    fc.nat(20).map((number) => number * 2 ** 40 + 7),
    fc.nat(1_000).map((number) => identityHash(`terminal-${number}`)),
  );
  fc.assert(
    fc.property(fc.array(identity, { maxLength: 300 }), (identities) => {
      peers.clear();
      for (const one of identities) peers.add(one);
      expect(peers.size).toBe(new Set(identities).size);
    }),
  );
});

it('stops at the most that it tells apart', () => {
  peers.clear();
  for (let number = 0; number < 10_000; number += 1) peers.add(identityHash(`terminal-${number}`));
  expect(peers.size).toBe(mostPeers);
});

it('gives names 52 bits of their own', () => {
  const names = Array.from({ length: 100_000 }, (_, number) => `tok_${number.toString(16).padStart(32, '0')}`);
  const hashes = new Set(names.map(identityHash));
  expect(hashes.size).toBe(names.length);
  for (const hash of hashes)
    if (!Number.isSafeInteger(hash) || hash < 0 || hash >= 2 ** 52) expect(hash).toBe('52 bits');
});

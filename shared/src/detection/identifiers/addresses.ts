import { isAlphanumericAt } from '../digit-groups.ts';
import { isBase58Check, isBech32 } from './crypto-address.ts';
import type { Definition } from './definition.ts';
import type { ShapeSearch } from './search-request.ts';
import { firmCandidate } from './shape-candidate.ts';

/** Addresses of cryptocurrencies. */
export const cryptoAddresses: readonly Definition[] = [
  {
    kind: 'bitcoin-address',
    label: 'Bitcoin or Litecoin address',
    countries: [],
    source: 'Base58Check; BIP 173 and BIP 350 (Bech32, Bech32m)',
    words: ['bitcoin', 'btc', 'wallet', 'litecoin', 'ltc'],
    checksum: true,
    chance: 0.00000001,
  },
  {
    kind: 'ethereum-address',
    label: 'Ethereum address',
    countries: [],
    source: 'Ethereum yellow paper, section 4.1: 20 bytes; the capitals of EIP-55 are not judged',
    words: ['ethereum', 'eth', 'wallet'],
    chance: 1,
  },
];

const candidate =
  /0x[0-9a-fA-F]{40}|(?:bc|tb|ltc|BC|TB|LTC)1[02-9ac-hj-np-zAC-HJ-NP-Z]{14,87}|[13LM][1-9A-HJ-NP-Za-km-z]{25,34}/g;

export const searchAddresses: ShapeSearch = (sought, request) => {
  const bitcoin = sought.find(({ kind }) => kind === 'bitcoin-address');
  const ethereum = sought.find(({ kind }) => kind === 'ethereum-address');
  if (bitcoin === undefined && ethereum === undefined) return undefined;
  return ({ text }, candidates) => {
    if (text.length < 26) return;
    for (const { index, 0: found } of text.matchAll(candidate)) {
      const joined = (at: number) => isAlphanumericAt(text, at) || text[at] === '_';
      if (joined(index - 1) || joined(index + found.length)) continue;
      const isEthereum = found.startsWith('0x');
      const definition = isEthereum ? ethereum : bitcoin;
      if (definition === undefined) continue;
      if (!isEthereum && !(/^(?:bc|tb|ltc)1/i.test(found) ? isBech32(found) : isBase58Check(found))) continue;
      const place = { start: index, end: index + found.length, proven: !isEthereum };
      candidates.push(firmCandidate(definition, request, place));
    }
  };
};

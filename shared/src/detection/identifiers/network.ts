import { isAlphanumericAt, isDigitAt } from '../digit-groups.ts';
import type { Definition } from './definition.ts';
import type { ShapeSearch } from './search-request.ts';
import { firmCandidate } from './shape-candidate.ts';

/** Addresses of devices: personal data wherever somebody can tell whose device it is (GDPR recital 30). */
export const network: readonly Definition[] = [
  {
    kind: 'ip-address',
    label: 'IP address or network',
    countries: [],
    source: 'RFC 791, RFC 4291, RFC 4632, RFC 5952',
    words: ['ip', 'ip address', 'ipv4', 'ipv6', 'host', 'client ip', 'adresse ip', 'ip adresse', 'direccion ip'],
    chance: 0,
  },
  {
    kind: 'mac-address',
    label: 'Hardware (MAC) address',
    countries: [],
    source: 'IEEE 802, EUI-48 in the notations of IEEE, Windows and Cisco',
    words: ['mac', 'mac address', 'hardware address', 'bssid', 'physical address'],
    chance: 0,
  },
];

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`${octet}(?:\\.${octet}){3}(?:/(?:3[0-2]|[12]?\\d)(?!\\d))?`, 'g');
const ipv6Candidate = /[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9]+)?(?:\/\d{1,3})?/g;
const macOfPairs = /[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}/g;
const macOfQuads = /[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}/g;

/** Whether a character occurs so often. */
function occurs(text: string, character: string, times: number): boolean {
  let at = -1;
  for (let i = 0; i < times; i += 1) {
    at = text.indexOf(character, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Whether a text is an IPv6 address (RFC 4291 section 2.2), with or without an IPv4 tail. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [place, part] of parts.entries()) {
      const isTail = index === halves.length - 1 && place === parts.length - 1;
      if (isTail && part.includes('.')) {
        if (!new RegExp(`^${octet}(?:\\.${octet}){3}$`).test(part)) return false;
        groups += 2;
      } else {
        if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return false;
        groups += 1;
      }
    }
  }
  return halves.length === 2 ? groups <= 7 && groups > 0 : groups === 8;
}

/** Loopback, unspecified and broadcast addresses are the same for everybody. */
const isEverybodys = (address: string) => /^(?:0\.|127\.|255\.255\.255\.255)|^::1$/.test(address);

function isFreeStanding(text: string, start: number, end: number): boolean {
  const before = text[start - 1];
  if (isAlphanumericAt(text, start - 1) || before === '_') return false;
  if ((before === '.' || before === '-' || before === '+') && isAlphanumericAt(text, start - 2)) return false;
  if (isAlphanumericAt(text, end) || text[end] === '_') return false;
  return !((text[end] === '.' || text[end] === '-') && isAlphanumericAt(text, end + 1));
}

export const searchNetwork: ShapeSearch = (sought, request) => {
  const ip = sought.find(({ kind }) => kind === 'ip-address');
  const hardware = sought.find(({ kind }) => kind === 'mac-address');
  if (ip === undefined && hardware === undefined) return undefined;
  return ({ text }, candidates) => {
    const dotted = text.includes('.');
    const manyColons = occurs(text, ':', 5);
    const add = (definition: Definition, start: number, end: number) =>
      candidates.push(firmCandidate(definition, request, { start, end, proven: false }));
    if (ip !== undefined && dotted) {
      for (const { index, 0: found } of text.matchAll(ipv4)) {
        const end = index + found.length;
        if (!isFreeStanding(text, index, end) || isEverybodys(found)) continue;
        if (/version[ :=]*$|[^a-z]v[ .]?$/i.test(text.slice(Math.max(0, index - 12), index))) continue;
        if (text[end] === ':' && !isDigitAt(text, end + 1) && isAlphanumericAt(text, end + 1)) continue;
        add(ip, index, end);
      }
    }
    if (ip !== undefined && (text.includes('::') || (manyColons && occurs(text, ':', 7)))) {
      for (const { index, 0: found } of text.matchAll(ipv6Candidate)) {
        const trimmed = found.replace(/(?<!:):$|\.$/, '');
        const address = trimmed.replace(/[%/].*$/, '');
        if (address.length < 6 || isAlphanumericAt(text, index - 1) || !isIpv6(address) || isEverybodys(address))
          continue;
        if (!isAlphanumericAt(text, index + trimmed.length)) add(ip, index, index + trimmed.length);
      }
    }
    if (hardware === undefined) return;
    for (const pattern of [
      ...(manyColons || occurs(text, '-', 5) ? [macOfPairs] : []),
      ...(occurs(text, '.', 2) ? [macOfQuads] : []),
    ]) {
      for (const { index, 0: found } of text.matchAll(pattern)) {
        if (isHardwareAddressAt(text, index, found)) add(hardware, index, index + found.length);
      }
    }
  };
};

function isHardwareAddressAt(text: string, start: number, found: string): boolean {
  const end = start + found.length;
  if (/^(?:0{12}|f{12})$/i.test(found.replace(/[^0-9A-Fa-f]/g, ''))) return false;
  if (isAlphanumericAt(text, start - 1) || isAlphanumericAt(text, end)) return false;
  // `MAC:00:1a:…` begins behind a colon, but not a longer row of pairs.
  const before = text[start - 1] ?? '';
  if (before === ':' && /(?:^|[^0-9A-Za-z])[0-9A-Fa-f]{2}:$/.test(text.slice(Math.max(0, start - 4), start)))
    return false;
  if ((before === '-' || before === '.') && isAlphanumericAt(text, start - 2)) return false;
  return !(/[-:.]/.test(text[end] ?? '') && isAlphanumericAt(text, end + 1));
}

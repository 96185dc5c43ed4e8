import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Addresses that are not on the public internet (RFC 6890 and its registries), link-local ones of clouds' metadata among them. */
const ours = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  ours.addSubnet(net, prefix, 'ipv4');
}
/** Of IPv6 only what is given out as public counts, without what carries IPv4 inside or is for documentation. */
const publicIpv6 = new BlockList();
publicIpv6.addSubnet('2000::', 3, 'ipv6');
const carriesIpv4 = new BlockList();
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  carriesIpv4.addSubnet(net, prefix, 'ipv6');
}

/** @param address an IP address; anything else is not public */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !ours.check(address, 'ipv4');
  if (family !== 6) return false;
  const [plain = ''] = address.split('%');
  return publicIpv6.check(plain, 'ipv6') && !carriesIpv4.check(plain, 'ipv6');
}

/** Says by its code why no connection was made. */
export class PrivateAddressError extends Error {
  readonly code = 'private-address';
}

/**
 * Looks a name up for a connection and refuses it if any of its addresses is private. What was looked at is what is connected to: a
 * name that points elsewhere a moment later gains nothing.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) callback(error, '');
    else if (addresses.length === 0 || !addresses.every(({ address }) => isPublicAddress(address))) {
      callback(new PrivateAddressError(), '');
    } else if (options.all) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  });
};

/** Names are looked up when a connection is made; an address that stands in the URL itself is not. */
export function isPrivateLiteral({ hostname }: URL): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) !== 0 && !isPublicAddress(address);
}

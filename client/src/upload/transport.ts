import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIPv4 } from 'node:net';
import { getCACertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import { undici } from './undici.ts';

const connectTimeoutMs = 15_000;
const idleTimeoutMs = 120_000;

/** How long to wait for the start of an answer: a server may take its time to store a large batch, and for no more. */
export const answerTimeoutMs = { GET: 60_000, POST: 600_000, DELETE: 600_000 } as const;

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * Connections to one server. Certificates are always verified, against the given authorities or Node's and the
 * system's, whatever NODE_TLS_REJECT_UNAUTHORIZED says; there is no switch to turn that off.
 */
export function createDispatcher(serverUrl: URL, ca?: string): Dispatcher {
  const { Agent } = undici();
  if (serverUrl.protocol === 'http:') {
    return new Agent({ bodyTimeout: idleTimeoutMs, connect: { timeout: connectTimeoutMs, lookup: loopbackLookup } });
  }
  return new Agent({
    bodyTimeout: idleTimeoutMs,
    connect: { timeout: connectTimeoutMs, rejectUnauthorized: true, ca: ca === undefined ? knownAuthorities() : [ca] },
  });
}

function knownAuthorities(): string[] {
  try {
    return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  } catch {
    // A system whose store can't be read still has the authorities that come with Node.
    return getCACertificates('default');
  }
}

/** Plain HTTP goes to `localhost` only as long as that name means this machine. */
function loopbackLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, []);
      return;
    }
    const own = addresses.filter(({ address }) => (isIPv4(address) ? address.startsWith('127.') : address === '::1'));
    const [first] = own;
    if (first === undefined) callback(Object.assign(new Error('not a loopback address'), { code: 'ENOTLOOPBACK' }), []);
    else if (options.all === true) callback(null, own);
    else callback(null, first.address, first.family);
  });
}

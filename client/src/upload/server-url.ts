import { isIPv4 } from 'node:net';
import { RejectedError, UsageError } from '@sdp/shared/errors';

/** Whether a host name as {@link URL} gives it is this machine: 127.0.0.0/8, ::1 or localhost. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}

/**
 * The server's address, without a trailing slash in its path. HTTPS, or plain HTTP to this machine: on any other way
 * the API key could be read.
 *
 * @throws {UsageError} `usage-invalid`
 * @throws {RejectedError} `transport-insecure`
 */
export function parseServerUrl(text: string): URL {
  const url = URL.parse(text);
  const remedy = 'Give an address such as https://sdp.example.com or http://127.0.0.1:8081.';
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError('usage-invalid', { message: '--server-url is not an http or https address', remedy });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('usage-invalid', {
      message: '--server-url holds more than scheme, host, port and path',
      remedy: 'Leave out user, password, query and fragment; the API key belongs in SDP_API_KEY.',
    });
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) throw new RejectedError('transport-insecure');
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** The address as receipts and messages name it: the same for every way to write it. */
export function serverUrlText(url: URL): string {
  return url.href.replace(/\/+$/, '');
}

/** Whether two addresses, as {@link serverUrlText} writes them, are of one server: this machine has several names. */
export function isSameServer(a: string, b: string): boolean {
  return withOneLoopbackName(a) === withOneLoopbackName(b);
}

function withOneLoopbackName(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  if (isLoopbackHost(url.hostname)) url.hostname = 'localhost';
  return serverUrlText(url);
}

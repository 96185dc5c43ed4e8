import { serverInfoSchema } from '@sdp/shared/contracts';
import type { Dispatcher } from 'undici';
import { type ApiClient, createDispatcher, serverInfoPath, transportError } from '../upload/index.ts';
import { undici } from '../upload/undici.ts';
import { type Check, fail, failOf, ok, warn } from './check.ts';

const timeoutMs = 10_000;
const clockWarnSeconds = 60;
const clockFailSeconds = 300;

export interface ServerCheckOptions {
  readonly serverUrl: URL;
  readonly ca?: string | undefined;
  /** Made only once the server was reached: it needs an API key, which may be missing. */
  readonly connect: () => ApiClient;
  /** Of every key that this client has or had. */
  readonly fingerprints: readonly string[];
  readonly signal: AbortSignal;
}

/** Whether the server answers, keeps the same time, knows the API key and has keys of its own. */
export async function checkServerSide(options: ServerCheckOptions): Promise<Check[]> {
  const { serverUrl, signal } = options;
  const dispatcher = createDispatcher(serverUrl, options.ca);
  try {
    const asked = Date.now();
    const response = await undici().request(new URL(`${serverUrl.href.replace(/\/$/, '')}/health`), {
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body.dump();
    const reach = `${serverUrl.protocol === 'https:' ? 'answers, its certificate is accepted' : 'answers on this machine'}`;
    return [
      response.statusCode === 200
        ? ok('server', reach)
        : fail('server', `answers with HTTP ${response.statusCode}`, 'Check --server-url: is it the address of SDP?'),
      checkClock(response, asked, Date.now()),
      ...(await checkApiKey(options)),
    ];
  } catch (error) {
    return [failOf('server', transportError(error, signal))];
  } finally {
    await dispatcher.destroy();
  }
}

/** The `Date` header has whole seconds: what it may differ by that, and by the way there and back, doesn't count. */
function checkClock({ headers }: Dispatcher.ResponseData, asked: number, answered: number): Check {
  const { date } = headers;
  const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(theirs)) return warn('clock', 'the server does not tell its time', 'Check what stands before it.');
  const ahead = (asked - theirs - 1_000) / 1_000;
  const behind = (theirs - answered) / 1_000;
  const seconds = Math.max(0, Math.round(Math.max(ahead, behind)));
  const found = `this machine is ${seconds} s ${ahead > behind ? 'ahead of' : 'behind'} the server`;
  const remedy = 'Set the clock of this machine, or the server’s, by a time server.';
  if (seconds > clockFailSeconds) return fail('clock', found, remedy);
  if (seconds > clockWarnSeconds) return warn('clock', found, remedy);
  return ok('clock', seconds === 0 ? 'the same as the server’s' : found);
}

async function checkApiKey({ connect, fingerprints }: ServerCheckOptions): Promise<Check[]> {
  let client: ApiClient | undefined;
  try {
    client = connect();
    const info = await client.getJson(serverInfoPath, serverInfoSchema);
    const shared = info.key_fingerprints.some((fingerprint) => fingerprints.includes(fingerprint));
    return [
      ok('api-key', `accepted, for client ${info.client_id}; server version ${info.version}`),
      shared
        ? fail('server-keys', 'the server holds a key of yours', 'Give the server a key of its own.')
        : ok('server-keys', 'none of them is one of yours'),
    ];
  } catch (error) {
    return [failOf('api-key', error)];
  } finally {
    await client?.close();
  }
}

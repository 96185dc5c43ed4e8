import { connect, type TLSSocket } from 'node:tls';
import { UnavailableError } from '@sdp/shared/errors';
import { clientOptions, type KafkaBusOptions } from './kafka-options.ts';
import { isTlsCode, noTls, tlsFailure, tlsOnly } from './tls-failure.ts';

const handshakeMs = 3_000;
/** With TLS 1.3 a server looks at the client's certificate after the client holds the handshake for done. */
const verdictMs = 500;

/**
 * Finds out why brokers close connections without a word: the Kafka client does not pass on what TLS says of it. Makes one
 * connection of its own, with the same trust, and sends nothing.
 *
 * @returns what TLS says, else the error given
 */
export async function explainConnection(options: KafkaBusOptions, error: unknown): Promise<unknown> {
  if (!(error instanceof UnavailableError)) return error;
  const code = await handshake(options);
  const isTls = code !== undefined && isTlsCode(code);
  if (options.tls !== undefined) return isTls ? tlsFailure(code) : error;
  return code === 'done' || (isTls && code !== noTls) ? tlsFailure(tlsOnly) : error;
}

/** `done`, the code of what went wrong, or undefined where nothing answers. */
async function handshake(options: KafkaBusOptions): Promise<string | undefined> {
  const [broker = ''] = options.brokers;
  const port = Number(broker.slice(broker.lastIndexOf(':') + 1));
  const host = broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const { tls } = clientOptions({ tls: {}, ...options }, 'probe');
  const result = Promise.withResolvers<string | undefined>();
  let socket: TLSSocket | undefined;
  const timer = setTimeout(() => result.resolve(undefined), handshakeMs);
  try {
    socket = connect({ ...tls, host, port });
    let isConnected = false;
    socket.once('connect', () => {
      isConnected = true;
    });
    // Who speaks no TLS closes when a handshake comes.
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      result.resolve(isConnected && code === 'ECONNRESET' ? noTls : code),
    );
    socket.once('secureConnect', () => setTimeout(() => result.resolve('done'), verdictMs));
    // Data must be read for a late alert to be seen.
    socket.resume();
    return await result.promise;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    socket?.destroy();
  }
}

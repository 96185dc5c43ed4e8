import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '@sdp/shared/errors';
import type { Express } from 'express';
import { routeUpgrades, upgradesAt } from './upgrade.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Bound on reading one request, body included. */
  readonly requestTimeoutMs: number;
  /** Where WebSockets are served. */
  readonly webSocketPaths?: readonly string[];
}

export interface HttpListener {
  /** E.g. `http://127.0.0.1:8081`. */
  readonly url: string;
  /** Takes no more connections, lets requests in hand finish, and cuts off what is left after the deadline. */
  close(deadlineMs: number): Promise<void>;
}

const headersTimeoutMs = 30_000;

/** @throws {ConfigError} `config-invalid` when the port can't be had or the certificate doesn't fit */
export async function listen(app: Express, options: ListenOptions): Promise<HttpListener> {
  const { requestTimeoutMs, webSocketPaths = [] } = options;
  const server = makeServer(app, options, {
    requestTimeout: requestTimeoutMs,
    headersTimeout: headersTimeoutMs,
    shouldUpgradeCallback: upgradesAt(webSocketPaths),
  });
  if (webSocketPaths.length > 0) routeUpgrades(server, app);
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new ConfigError('config-invalid', {
      message: `The server cannot listen on ${options.host}:${options.port} (${code})`,
      remedy: 'Stop what listens there, or set SDP_HOST and SDP_PORT.',
    });
  }
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${options.tls ? 'https' : 'http'}://${host}:${port}`,
    close: (deadlineMs) => close(server, deadlineMs),
  };
}

function makeServer(app: Express, { tls }: ListenOptions, how: ServerOptions): Server {
  if (!tls) return createServer(how, app);
  try {
    return createTlsServer({ ...how, ...tls, minVersion: 'TLSv1.2' }, app);
  } catch {
    throw new ConfigError('config-invalid', {
      message: 'SDP_TLS_CERT_FILE and SDP_TLS_KEY_FILE are not a certificate and its key in PEM form',
    });
  }
}

async function close(server: Server, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
  await closed;
  clearTimeout(timer);
}

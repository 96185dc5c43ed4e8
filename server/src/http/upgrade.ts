import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';

/** A connection that its client wants to go on with as a WebSocket. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What came behind the request already. */
  readonly head: Buffer;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** @returns undefined for a request that is to be answered as usual */
export function upgradeOf(request: IncomingMessage): Upgrade | undefined {
  return upgrades.get(request);
}

/** Whether a request asks for a WebSocket, by its headers. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** @returns whether the request asks for a WebSocket where there are some; any other `Upgrade` is none of our business */
export function upgradesAt(paths: readonly string[]) {
  return (request: IncomingMessage): boolean => {
    // As routes are matched: in upper or lower case, with a slash behind or without.
    const path = request.url?.split('?')[0]?.replace(/\/$/, '').toLowerCase() ?? '';
    return asksForWebSocket(request) && paths.includes(path);
  };
}

/**
 * Lets the application answer requests for WebSockets like all others, so that the same guards stand before them. A handler that
 * goes along takes the connection over with {@link takeOver}; any answer is the last one of its connection.
 */
export function routeUpgrades(server: Server, app: Express): void {
  server.on('upgrade', (request, socket, head) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
    response.once('finish', () => socket.end());
    // A connection that breaks while it is decided on is nobody's error.
    socket.on('error', () => socket.destroy());
    upgrades.set(request, { socket, head });
    app(request, response);
  });
}

/**
 * Takes the connection away from its response.
 *
 * @returns to be called when the connection has ended: only then is the request done
 */
export function takeOver(response: ServerResponse, { socket }: Upgrade): () => void {
  response.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0]);
  response.statusCode = 101;
  return () => void response.emit('close');
}

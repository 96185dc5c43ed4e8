import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What went over one connection, as bytes. */
export interface RecordedConnection {
  readonly toServer: Buffer;
  readonly toClient: Buffer;
}

export interface RecordingProxy {
  readonly port: number;
  /** Of the connections so far, open ones included. */
  recorded(): RecordedConnection[];
  close(): Promise<void>;
}

/** A proxy on the loopback interface that keeps every byte that passes. */
export async function startRecordingProxy(targetPort: number): Promise<RecordingProxy> {
  const connections: { toServer: Buffer[]; toClient: Buffer[] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const parts = { toServer: [] as Buffer[], toClient: [] as Buffer[] };
    connections.push(parts);
    const far = connect({ host: '127.0.0.1', port: targetPort });
    near.on('data', (bytes) => parts.toServer.push(bytes));
    far.on('data', (bytes) => parts.toClient.push(bytes));
    near.pipe(far);
    far.pipe(near);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    recorded: () =>
      connections.map(({ toServer, toClient }) => ({
        toServer: Buffer.concat(toServer),
        toClient: Buffer.concat(toClient),
      })),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

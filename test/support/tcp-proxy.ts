import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Bytes that the target has sent so far. */
  bytesFromTarget(): number;
  /** Resets all connections and refuses new ones, as a network that is gone. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** A proxy on the loopback interface that breaks the network on purpose. */
export async function startTcpProxy(target: { host?: string; port: number }, port = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let received = 0;
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: target.host ?? '127.0.0.1', port: target.port });
    far.on('data', (bytes) => {
      received += bytes.length;
    });
    near.pipe(far);
    far.pipe(near);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const dropAll = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    bytesFromTarget: () => received,
    cut: () => {
      isCut = true;
      dropAll();
    },
    restore: () => {
      isCut = false;
    },
    close: async () => {
      dropAll();
      server.close();
      await once(server, 'close');
    },
  };
}

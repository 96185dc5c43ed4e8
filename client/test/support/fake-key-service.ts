import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Breaks the protocol on purpose; true if it answered (or cut the connection) itself. */
export type ServiceFault = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ServiceCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

export interface ServiceReply {
  readonly status: number;
  readonly json: unknown;
}

/** A key service in memory: one key, AES-256-GCM, and whatever faults a test asks for. */
export class FakeKeyService {
  readonly calls: ServiceCall[] = [];
  readonly faults: ServiceFault[] = [];
  readonly #key = randomBytes(32);
  readonly #server: Server;

  private constructor(answer: (service: FakeKeyService, call: ServiceCall) => ServiceReply, tls?: TlsIdentity) {
    const listener: RequestListener = (request, response) => {
      const fault = this.faults.shift();
      if (fault?.(request, response)) return;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const call = {
          path: request.url ?? '',
          headers: request.headers as Record<string, string>,
          text,
          body: JSON.parse(text) as Record<string, unknown>,
        };
        this.calls.push(call);
        const { status, json } = answer(this, call);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
      });
    };
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  static async start(
    answer: (service: FakeKeyService, call: ServiceCall) => ServiceReply,
    tls?: TlsIdentity,
  ): Promise<FakeKeyService> {
    const service = new FakeKeyService(answer, tls);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  seal(plaintext: Buffer, context: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Buffer, context: string): Buffer | undefined {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12))
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(-16));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

export const answering =
  (status: number, json: unknown = {}): ServiceFault =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    return true;
  };

export const cutting: ServiceFault = (request) => {
  request.socket.destroy();
  return true;
};

export const silent: ServiceFault = () => true;

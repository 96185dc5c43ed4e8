import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Embed {
  readonly title: string;
  readonly description: string;
}

/** Bodies of all channels, as far as tests look at them: each has what its channel sends. */
export interface ReceivedBody {
  readonly embeds: readonly [Embed, ...Embed[]];
  readonly allowed_mentions: unknown;
  readonly event_action: string;
  readonly dedup_key: string;
  readonly payload: {
    readonly custom_details: { readonly alerts: readonly [{ readonly anomaly_id: string }] };
  };
}

/** A request that a receiver got, whatever it answered. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: ReceivedBody;
  readonly at: number;
  /** What it was answered with; 0 where the connection was cut. */
  readonly status: number;
}

/** What a receiver does with a request: answers with a status, or cuts the connection (`reset`), keeps silent (`hang`) or never ends its answer (`isEndless`). */
export type Answer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
      readonly isEndless?: boolean;
    }
  | 'reset'
  | 'hang';

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** Decides on each request; 204 at first. */
  answer: (path: string, index: number) => Answer;
  /** How long an answer takes. */
  slowMs: (path: string) => number;
  /** Takes no connection any longer. */
  down(): Promise<void>;
  /** Is back on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** A real HTTP server that behaves as Discord does, or as badly as it is told to. */
export async function startReceiver(): Promise<Receiver> {
  let server: Server | undefined;
  let port = 0;
  const received: Received[] = [];
  const up = async (): Promise<void> => {
    const made = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const path = request.url ?? '';
        const answer = receiver.answer(path, received.length);
        const status = typeof answer === 'string' ? 0 : answer.status;
        received.push({ path, headers: request.headers, text, body: JSON.parse(text), at: Date.now(), status });
        setTimeout(() => respond(response, answer), receiver.slowMs(path));
      });
    }).listen(port, '127.0.0.1');
    await new Promise((done) => made.once('listening', done));
    port = (made.address() as AddressInfo).port;
    server = made;
  };
  const down = async (): Promise<void> => {
    const last = server;
    server = undefined;
    last?.closeAllConnections();
    await new Promise<void>((done) => (last ? last.close(() => done()) : done()));
  };
  const receiver: Receiver = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    received,
    answer: () => ({ status: 204 }),
    slowMs: () => 0,
    down,
    up,
    close: down,
  };
  await up();
  return receiver;
}

function respond(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return;
  if (answer === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  if (answer.isEndless) {
    response.write(' ');
    return;
  }
  response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
}

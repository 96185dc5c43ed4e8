import { WebSocket } from 'ws';

/** An item as a client of a stream sees it. */
export interface SeenItem<T> {
  readonly id: string;
  readonly event: string;
  readonly data: T;
}

/** A client that notes what it sees. */
export interface StreamReader<T> {
  readonly seen: SeenItem<T>[];
  /** Why it ended, as it was told; `cut` where nobody said. */
  readonly ended: Promise<string>;
  stop(): void;
}

export type OpenReader<T> = (url: string, headers: Record<string, string>, query?: string) => Promise<StreamReader<T>>;

/** Reads server-sent events. @throws what the server answers, where it isn't a stream */
export const eventsAt =
  <T>(path: string): OpenReader<T> =>
  async (url, headers, query = '') => {
    const stopping = new AbortController();
    const response = await fetch(`${url}${path}${query}`, { headers, signal: stopping.signal });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    const seen: SeenItem<T>[] = [];
    const read = async (): Promise<string> => {
      let text = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const fields = new Map(
            text
              .slice(0, end)
              .split('\n')
              .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
          );
          text = text.slice(end + 2);
          const data = fields.get('data');
          if (data === undefined) continue;
          const event = { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: JSON.parse(data) };
          if (event.event === 'end') return event.data.code;
          seen.push(event);
        }
      }
      return 'cut';
    };
    return { seen, ended: read().catch(() => 'cut'), stop: () => stopping.abort() };
  };

/** Reads messages of a WebSocket. @throws the status that the server answers, where it doesn't take it */
export const socketAt =
  <T>(path: string): OpenReader<T> =>
  async (url, headers, query = '') => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}${query}`, { headers });
    const seen: SeenItem<T>[] = [];
    socket.on('message', (bytes) => {
      const event = JSON.parse(String(bytes)) as SeenItem<T>;
      if (event.event !== 'heartbeat') seen.push(event);
    });
    const ended = new Promise<string>((resolve) => {
      socket.on('close', (_code, reason) => resolve(String(reason) || 'cut'));
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_request, response) => {
        reject(new Error(String(response.statusCode)));
        socket.terminate();
      });
      socket.once('error', reject);
    });
    return { seen, ended, stop: () => socket.terminate() };
  };

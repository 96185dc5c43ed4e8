import { createServer } from 'node:net';
import { UnavailableError } from '@sdp/shared/errors';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { explainConnection } from '../../src/bus/kafka/explain-connection.ts';

/** Listens, and closes whatever comes, as a broker does with what it doesn't understand. */
async function closingServer() {
  const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  return { brokers: [`127.0.0.1:${port}`], close: () => server.close() };
}

const options = { clientId: 'test', logger: pino({ level: 'silent' }) };

it('does not hold a broker in trouble that speaks no TLS for one that speaks nothing else', async () => {
  const { brokers, close } = await closingServer();
  const error = new UnavailableError('bus-unavailable');
  expect(await explainConnection({ ...options, brokers }, error)).toBe(error);
  expect(await explainConnection({ ...options, brokers, tls: {} }, error)).toMatchObject({ code: 'bus-tls-failed' });
  close();
});

it('leaves what it cannot explain as it is', async () => {
  const { brokers, close } = await closingServer();
  close();
  const error = new UnavailableError('bus-unavailable');
  for (const tls of [undefined, {}]) {
    expect(await explainConnection({ ...options, brokers, ...(tls && { tls }) }, error)).toBe(error);
  }
  const other = new Error('of another kind');
  expect(await explainConnection({ ...options, brokers }, other)).toBe(other);
});

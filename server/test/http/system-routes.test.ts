import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createApp, listen, probeRoutes } from '../../src/http/index.ts';
import { createMetrics } from '../../src/observability/index.ts';

it('readiness says what is worth knowing of what is up, and that something is down', async () => {
  let detail: string | undefined;
  let isDown = false;
  const dependencies = [
    {
      name: 'model',
      check: async () => {
        if (isDown) throw new Error('down');
        return detail;
      },
    },
    { name: 'other', check: async () => undefined },
  ];
  const metrics = createMetrics();
  const app = createApp({
    logger: pino({ level: 'silent' }),
    metrics,
    refusedPerMinute: 1_000,
    probes: probeRoutes(dependencies, metrics),
    routes: [],
  });
  const listener = await listen(app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 30_000 });
  try {
    const ask = async () => {
      const response = await fetch(`${listener.url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    const other = { status: 'up' };
    expect(await ask()).toEqual({
      status: 200,
      body: { status: 'ready', dependencies: { model: { status: 'up' }, other } },
    });
    detail = 'generation 3 could not be loaded (model-tampered); 2 decides';
    expect((await ask()).body).toEqual({ status: 'ready', dependencies: { model: { status: 'up', detail }, other } });
    isDown = true;
    expect(await ask()).toEqual({
      status: 503,
      body: { status: 'not_ready', dependencies: { model: { status: 'down' }, other } },
    });
  } finally {
    await listener.close(1_000);
  }
});

import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it } from 'vitest';
import { type EventBench, eventBench, freePort, until } from '../support/event-bench.ts';
import type { ProgramRun } from '../support/run-program.ts';

describe('a request that is sent again', () => {
  let bench: EventBench;
  let stop: AbortController;
  let done: Promise<ProgramRun>;
  let proxy: Server;
  afterEach(async () => {
    proxy?.close();
    stop.abort();
    await done;
    await bench.close();
  });

  async function start(): Promise<string> {
    bench ??= await eventBench();
    const port = await freePort();
    stop = new AbortController();
    done = bench.run(['gateway', '--port', String(port)], { signal: stop.signal });
    const url = `http://127.0.0.1:${port}`;
    await until(() =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
    return url;
  }

  /** Hands requests on; the answer to the first one of each path gets lost on the way, and the sender is told to try again. */
  async function losingAnswers(target: string): Promise<{ readonly url: string; readonly requests: string[] }> {
    const requests: string[] = [];
    proxy = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const headers = Object.fromEntries(
        ['content-type', 'content-encoding'].flatMap((name) =>
          request.headers[name] ? [[name, request.headers[name]]] : [],
        ),
      ) as Record<string, string>;
      const answer = await fetch(target + request.url, {
        method: 'POST',
        headers,
        body: Buffer.concat(chunks) as never,
      });
      const isFirst = !requests.includes(request.url ?? '');
      requests.push(request.url ?? '');
      if (isFirst) response.writeHead(503).end();
      else
        response
          .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
          .end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, requests };
  }

  it('by an exporter that got no answer gives the same events, which the server can tell from new ones', async () => {
    bench = await eventBench();
    const { url, requests } = await losingAnswers(await start());
    const resource = resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'web-1' });
    const logs = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) })],
    });
    const logger = logs.getLogger('checkout');
    for (let at = 0; at < 3; at += 1) logger.emit({ severityNumber: 9, body: 'the same line' });
    await logs.shutdown();
    const exporter = new OTLPMetricExporter({ url: `${url}/v1/metrics` });
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600_000 });
    const metrics = new MeterProvider({ resource, readers: [reader] });
    const meter = metrics.getMeter('checkout');
    meter.createCounter('orders').add(3, { shop: 'zurich' });
    meter.createHistogram('http.server.request.duration', { unit: 's' }).record(2.2, { 'http.route': '/pay' });
    await metrics.shutdown();
    expect(requests).toEqual(['/v1/logs', '/v1/logs', '/v1/metrics', '/v1/metrics']);
    // Three lines, two sets of attributes and what the rules are told, each twice.
    await until(() => bench.server.arrived.length === 12);
    expect(bench.server.events).toHaveLength(6);
    const sent = bench.server.arrived.map(({ event_id: id, ...rest }) => [id, JSON.stringify(rest)] as const);
    expect(new Set(sent.map(([id, rest]) => `${id} ${rest}`)).size).toBe(6);
  });

  const line = (nano: string | undefined) => ({ body: { stringValue: 'hello' }, ...(nano && { timeUnixNano: nano }) });
  const post = (url: string, records: readonly object[]) =>
    fetch(`${url}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] }),
    });

  it('is known again by another gateway with the same key, with a spool of its own', async () => {
    bench = await eventBench();
    await post(await start(), [line('1767323045678000000')]);
    await until(() => bench.server.arrived.length === 1);
    stop.abort();
    await done;
    rmSync(join(bench.folder, 'event_spool'), { recursive: true });
    await post(await start(), [line('1767323045678000000')]);
    await until(() => bench.server.arrived.length === 2);
    expect(bench.server.events).toHaveLength(1);
  });

  it('is another one if anything in it is other, and records without a time are always others', async () => {
    bench = await eventBench();
    const url = await start();
    const [first, second] = ['1767323045678000000', '1767323045678000001'];
    await post(url, [line(first), line(first)]);
    await post(url, [line(second), line(first)]);
    await post(url, [line(undefined)]);
    await post(url, [line(undefined)]);
    await until(() => bench.server.arrived.length === 6);
    expect(bench.server.events).toHaveLength(6);
  });
});

import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { LogEvent, MetricEvent } from '@sdp/shared/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { LeakSearch } from '../../../test/support/leak-search.ts';
import { type EventBench, eventBench, freePort, until } from '../support/event-bench.ts';
import type { ProgramRun } from '../support/run-program.ts';

const planted = ['ines.moser@example.org', '4111111111111111', '+41446681800', 'kurt.maier@example.net'] as const;
const [mail, card, phone, nested] = planted;

describe('exporters of OpenTelemetry', () => {
  let bench: EventBench;
  let running: { readonly port: number; readonly stop: AbortController; readonly done: Promise<ProgramRun> };
  afterEach(async () => {
    running.stop.abort();
    await running.done;
    await bench.close();
  });

  async function start() {
    bench = await eventBench();
    const port = await freePort();
    const stop = new AbortController();
    running = { port, stop, done: bench.run(['gateway', '--port', String(port)], { signal: stop.signal }) };
    await until(() =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ),
    );
    return `http://127.0.0.1:${port}`;
  }

  it.each([
    ['JSON', JsonLogExporter],
    ['protocol buffers', ProtoLogExporter],
  ])('send logs in %s', async (_name, Exporter) => {
    const url = `${await start()}/v1/logs`;
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'web-1', 'service.version': '1.2.3' }),
      processors: [new BatchLogRecordProcessor({ exporter: new Exporter({ url, compression: 'gzip' as never }) })],
    });
    const logger = provider.getLogger('checkout');
    logger.emit({
      severityNumber: 17,
      timestamp: new Date('2026-03-04T05:06:07.089Z'),
      body: `payment of ${mail} with ${card} failed`,
      attributes: { 'user.id': nested, 'http.status': 502, note: `call ${phone}`, list: ['a', mail], ok: false },
    });
    logger.emit({ severityNumber: 10, body: { reply: { to: nested } } });
    await provider.shutdown();
    await until(() => bench.server.events.length === 2);
    const [failed, structured] = bench.server.events as [LogEvent, LogEvent];
    expect(failed).toMatchObject({
      type: 'log',
      level: 'ERROR',
      source: 'shop',
      host: 'web-1',
      at: '2026-03-04T05:06:07.089Z',
    });
    expect(failed.message).toMatch(/^payment of tok_[0-9a-f]{32} with tok_[0-9a-f]{32} failed$/);
    expect(failed.user_id).toMatch(/^tok_[0-9a-f]{32}$/);
    expect(failed.attributes).toMatchObject({
      'http.status': 502,
      ok: false,
      scope: 'checkout',
      'resource.service.version': '1.2.3',
    });
    expect(failed.attributes?.['note']).toMatch(/^call tok_[0-9a-f]{32}$/);
    expect(failed.attributes?.['list']).toMatch(/^\["a","tok_[0-9a-f]{32}"\]$/);
    expect(structured.level).toBe('INFO');
    expect(structured.message).toMatch(/^\{"reply":\{"to":"tok_[0-9a-f]{32}"\}\}$/);
    running.stop.abort();
    const { stderr, status } = await running.done;
    expect(status, stderr).toBe(0);
    const search = new LeakSearch(planted);
    const places = [...bench.server.bodies.map((bytes) => ({ name: 'wire', bytes })), ...bench.spoolFiles()];
    for (const { name, bytes } of [...places, { name: 'stderr', bytes: Buffer.from(stderr) }]) {
      expect(await search.search(name, bytes)).toEqual([]);
    }
  });

  it.each([
    ['JSON', JsonMetricExporter],
    ['protocol buffers', ProtoMetricExporter],
  ])('send metrics in %s', async (_name, Exporter) => {
    const url = `${await start()}/v1/metrics`;
    const reader = new PeriodicExportingMetricReader({
      exporter: new Exporter({ url }),
      exportIntervalMillis: 600_000,
    });
    const provider = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'web-1' }),
      readers: [reader],
    });
    const meter = provider.getMeter('checkout');
    meter.createCounter('orders').add(3, { shop: 'zurich' });
    meter.createGauge('cpu_percent').record(82.5, { shop: 'zurich' });
    const latency = meter.createHistogram('latency_ms');
    for (const ms of [100, 200, 600]) latency.record(ms, { owner: mail });
    await provider.shutdown();
    await until(() => bench.server.events.length >= 2);
    const events = bench.server.events as MetricEvent[];
    const merged = Object.assign(
      {},
      ...events.filter(({ tags }) => tags?.['shop'] === 'zurich').map(({ metrics }) => metrics),
    ) as object;
    expect(merged).toEqual({ orders: 3, cpu_percent: 82.5 });
    const spread = events.find(({ tags }) => tags?.['owner'] !== undefined);
    expect(spread).toMatchObject({
      type: 'metric',
      host: 'web-1',
      source: 'shop',
      metrics: {
        'latency_ms.count': 3,
        'latency_ms.sum': 900,
        'latency_ms.mean': 300,
        'latency_ms.min': 100,
        'latency_ms.max': 600,
      },
    });
    expect(spread?.tags?.['owner']).toMatch(/^tok_[0-9a-f]{32}$/);
  });
});

import type { MetricEvent } from '@sdp/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEventConfig } from '../../src/config/index.ts';
import { decodeMessage } from '../../src/gateway/decode-message.ts';
import { metricEvents } from '../../src/gateway/metric-events.ts';
import { MetricIntervals } from '../../src/gateway/metric-intervals.ts';
import { metricMappings } from '../../src/gateway/metric-mapping.ts';
import { metricsRequestFields } from '../../src/gateway/otlp-messages.ts';
import type { Metric } from '../../src/gateway/otlp-types.ts';
import { readMetricsJson } from '../../src/gateway/read-json.ts';
import { otlpBytes } from '../support/otlp-bytes.ts';

const startMs = Date.UTC(2026, 0, 2, 3, 4, 5);
const nano = (ms: number) => `${ms}000000`;
const at = (seconds: number) => nano(startMs + seconds * 1_000);
const tag = (key: string, text: string) => ({ key, value: { stringValue: text } });
const host = { attributes: [tag('service.name', 'shop'), tag('host.name', 'web-1')] };

/** A receiver that began to watch at `startMs`. */
function receiver(config?: string) {
  const gateway = config === undefined ? undefined : parseEventConfig(config).gateway;
  const intervals = new MetricIntervals(startMs);
  const mappings = metricMappings(gateway?.metrics);
  const request = (...metrics: readonly unknown[]) => ({
    resourceMetrics: [{ resource: host, scopeMetrics: [{ metrics }] }],
  });
  const read = (given: object) => {
    const { events, unusable } = metricEvents(readMetricsJson(JSON.stringify(given)), { mappings, intervals });
    return { events: events.map(({ event }) => event as unknown as MetricEvent), positions: events, unusable };
  };
  return {
    request,
    read,
    /** What is told of all that was measured, beside the metrics' own values. */
    told: (...metrics: readonly unknown[]) =>
      read(request(...metrics)).events.flatMap(({ metrics: values }) =>
        'cpu_percent' in values || 'latency_ms' in values ? [values] : [],
      ),
  };
}

const gauge = (name: string, points: readonly object[], unit = '1') => ({ name, unit, gauge: { dataPoints: points } });
const cpu = (name: string, value: number, attributes: Readonly<Record<string, string>> = {}, seconds = 10) => ({
  timeUnixNano: at(seconds),
  asDouble: value,
  attributes: Object.entries(attributes).map(([key, text]) => tag(key, text)),
  name,
});
const cpus = (name: string, ...points: readonly ReturnType<typeof cpu>[]) =>
  gauge(
    name,
    points.map(({ name: _, ...point }) => point),
  );
/** Requests by how long they took, in seconds. */
const bounds = [0.1, 0.5, 1, 5];
function durations(counts: readonly number[], options: Readonly<Record<string, unknown>> = {}) {
  const {
    name = 'http.server.request.duration',
    unit = 's',
    temporality = 1,
    from = 0,
    to = 10,
    sum,
    ...point
  } = options;
  const count = counts.reduce((all, n) => all + n, 0);
  return {
    name,
    unit,
    histogram: {
      aggregationTemporality: temporality,
      dataPoints: [
        {
          startTimeUnixNano: at(Number(from)),
          timeUnixNano: at(Number(to)),
          count: String(count),
          sum: sum ?? count * 0.2,
          bucketCounts: counts.map(String),
          explicitBounds: bounds,
          ...point,
        },
      ],
    },
  };
}

describe('what the built-in rules are told of metrics', () => {
  it('is how busy processors are, by all but their idle time, over all of them', () => {
    const { told } = receiver();
    const states = (cpuNumber: string, idle: number) => [
      cpu('', idle, { cpu: cpuNumber, state: 'idle' }),
      cpu('', 0.9 - idle, { cpu: cpuNumber, state: 'user' }),
      cpu('', 0.1, { cpu: cpuNumber, state: 'system' }),
    ];
    expect(told(cpus('system.cpu.utilization', ...states('cpu0', 0.1), ...states('cpu1', 0.24)))).toEqual([
      { cpu_percent: 83 },
    ]);
  });

  it.each([
    ['one value', [cpu('', 0.83)]],
    ['the newer names', [cpu('', 0.17, { 'cpu.logical_number': '0', 'cpu.mode': 'idle' })]],
    ['modes without idle time', [cpu('', 0.8, { 'cpu.mode': 'user' }), cpu('', 0.03, { 'cpu.mode': 'system' })]],
  ])('takes %s', (_name, points) => {
    expect(receiver().told(cpus('system.cpu.utilization', ...points))).toEqual([{ cpu_percent: 83 }]);
  });

  it('is how busy a process is only where nothing is told of the machine', () => {
    const { told } = receiver();
    const process = cpus('process.cpu.utilization', cpu('', 0.2, { state: 'user' }), cpu('', 0.1, { state: 'system' }));
    expect(told(process)).toEqual([{ cpu_percent: 30 }]);
    expect(told(process, cpus('system.cpu.utilization', cpu('', 0.9, {}, 10.4)))).toEqual([{ cpu_percent: 90 }]);
  });

  it('is the busiest of several processes that tell of one host', () => {
    const { read } = receiver();
    const of = (pid: string, value: number) => ({
      resource: { attributes: [...host.attributes, tag('process.pid', pid)] },
      scopeMetrics: [{ metrics: [cpus('process.cpu.utilization', cpu('', value))] }],
    });
    const { events } = read({ resourceMetrics: [of('1', 0.25), of('2', 0.5)] });
    expect(events.filter(({ metrics }) => 'cpu_percent' in metrics).map(({ metrics }) => metrics)).toEqual([
      { cpu_percent: 50 },
    ]);
  });

  it('is one sample of a host with processors and answers in it, and has no attributes', () => {
    const { read, request } = receiver();
    const { events } = read(
      request(
        cpus('system.cpu.utilization', cpu('', 0.95, { cpu: '0' }, 10.002)),
        durations([0, 0, 0, 10, 0], { attributes: [tag('http.route', '/a')], to: 10.001 }),
      ),
    );
    expect(events.at(-1)).toEqual({
      type: 'metric',
      at: new Date(startMs + 10_002).toISOString(),
      source: 'shop',
      host: 'web-1',
      metrics: { cpu_percent: 95, latency_ms: 4_800 },
    });
  });

  it('is above a second exactly if more than 5 % of the requests took longer', () => {
    const { told } = receiver();
    expect(told(durations([90, 3, 2, 5, 0]))).toEqual([{ latency_ms: 1_000 }]);
    const [more] = told(durations([90, 3, 1, 6, 0]));
    expect(more?.['latency_ms']).toBeGreaterThan(1_000);
    const [less] = told(durations([90, 3, 3, 4, 0]));
    expect(less?.['latency_ms']).toBeLessThan(1_000);
  });

  it('takes the unit that a metric says, and the one of the conventions where it says none', () => {
    const { told } = receiver();
    const slow = [0, 0, 0, 100, 0];
    expect(told(durations(slow, { unit: 'ms' }))).toEqual([{ latency_ms: 4.8 }]);
    expect(told(durations(slow, { unit: '' }))).toEqual([{ latency_ms: 4_800 }]);
    expect(told(durations(slow, { unit: 'By' }))).toEqual([]);
    expect(told(durations(slow, { name: 'http.server.duration', unit: 'ms' }))).toEqual([{ latency_ms: 4.8 }]);
    const both = [durations(slow, { name: 'http.server.duration', unit: 'ms' }), durations([100, 0, 0, 0, 0])];
    expect(told(...both)).toEqual([{ latency_ms: 95 }]);
  });

  it('keeps percentiles between the smallest and the largest value, and is the mean where there are no buckets', () => {
    const { told } = receiver();
    expect(told(durations([0, 0, 0, 0, 4], { min: 6, max: 7 }))).toEqual([{ latency_ms: 6_950 }]);
    expect(told(durations([0, 0, 0, 0, 4], {}))).toEqual([{ latency_ms: 5_000 }]);
    expect(told(durations([0, 0, 0, 4, 0], { max: 2 }))).toEqual([{ latency_ms: 1_950 }]);
    expect(told(durations([4, 0, 0, 0, 0], { bucketCounts: [], explicitBounds: [], sum: 6 }))).toEqual([
      { latency_ms: 1_500 },
    ]);
    expect(told(durations([0, 0, 0, 0, 0]))).toEqual([]);
  });

  it('puts the requests of all attributes together', () => {
    const { told } = receiver();
    const route = (path: string, counts: readonly number[]) =>
      durations(counts, { attributes: [tag('http.route', path)] }).histogram.dataPoints[0];
    const metric = durations([]);
    const merged = {
      ...metric,
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [route('/a', [95, 0, 0, 0, 0]), route('/b', [0, 0, 0, 5, 0])],
      },
    };
    expect(told(merged)).toEqual([{ latency_ms: 100 }]);
  });
});

describe('of a histogram that counts from its start', () => {
  const total = (counts: readonly number[], to: number, options = {}) =>
    durations(counts, { temporality: 2, to, ...options });

  it('what came since the point before is told', () => {
    const { told } = receiver();
    expect(told(total([100, 0, 0, 0, 0], 10))).toEqual([{ latency_ms: 95 }]);
    // All that came since were slow, although most of all were not.
    expect(told(total([100, 0, 0, 10, 0], 20))).toEqual([{ latency_ms: 4_800 }]);
    expect(told(total([100, 0, 0, 10, 0], 30))).toEqual([]);
    expect(told(total([120, 0, 0, 10, 0], 40))).toEqual([{ latency_ms: 95 }]);
  });

  it('the same is told of a point that comes again, and nothing of one that comes too late', () => {
    const { told } = receiver();
    told(total([100, 0, 0, 0, 0], 10));
    const point = total([100, 0, 0, 10, 0], 20);
    expect(told(point)).toEqual(told(point));
    expect(told(total([100, 0, 0, 5, 0], 15))).toEqual([]);
    expect(told(total([100, 0, 0, 10, 20], 30))).toEqual([{ latency_ms: 5_000 }]);
  });

  it('nothing is told of the first point of one that began before this was watching', () => {
    const { told } = receiver();
    expect(told(total([100, 0, 0, 0, 0], 10, { from: -60 }))).toEqual([]);
    expect(told(total([100, 0, 0, 10, 0], 20, { from: -60 }))).toEqual([{ latency_ms: 4_800 }]);
  });

  it('one that began anew is told of from there', () => {
    const { told } = receiver();
    told(total([100, 0, 0, 0, 0], 10));
    expect(told(total([0, 0, 0, 200, 0], 20, { from: 12 }))).toEqual([{ latency_ms: 4_800 }]);
    // Without a new start as well, if it has counted fewer.
    expect(told(total([0, 0, 5, 0, 0], 30, { from: 12 }))).toEqual([{ latency_ms: 975 }]);
  });

  it('series are told apart by their attributes and scopes', () => {
    const { told } = receiver();
    const of = (path: string, counts: readonly number[], to: number) =>
      total(counts, to, { attributes: [tag('http.route', path)] });
    told(of('/a', [100, 0, 0, 0, 0], 10), of('/b', [0, 0, 0, 100, 0], 10));
    expect(told(of('/a', [200, 0, 0, 0, 0], 20), of('/b', [0, 0, 0, 100, 0], 20))).toEqual([{ latency_ms: 95 }]);
  });

  it('series are forgotten where there are too many, not kept without end', () => {
    const intervals = new MetricIntervals(startMs, 2);
    const whole = { count: 1, sum: 1, min: 1, max: 1, buckets: [] };
    const point = (atMs: number) => ({ startMs: startMs - 1, atMs, whole });
    for (const key of ['a', 'b', 'c']) expect(intervals.next(key, point(startMs))).toBeUndefined();
    expect(intervals.next('c', point(startMs + 1))).toMatchObject({ count: 0 });
    expect(intervals.next('a', point(startMs + 1))).toBeUndefined();
  });
});

describe('of an exponential histogram', () => {
  const exponential = (point: object, temporality = 1) => ({
    name: 'http.server.request.duration',
    unit: 's',
    exponentialHistogram: {
      aggregationTemporality: temporality,
      dataPoints: [{ timeUnixNano: at(10), startTimeUnixNano: at(0), ...point }],
    },
  });

  it('percentiles are read from its buckets', () => {
    const { told } = receiver();
    // Scale 0: the bounds are powers of two; four values between 1 and 2 s.
    const point = { count: '4', sum: 6, scale: 0, positive: { offset: 0, bucketCounts: ['4'] } };
    expect(told(exponential(point))).toEqual([{ latency_ms: 1_950 }]);
    expect(told(exponential({ ...point, count: '104', zeroCount: '100' }))).toEqual([{ latency_ms: 0 }]);
    expect(
      told(exponential({ ...point, scale: 1, positive: { offset: 1, bucketCounts: ['0', '4'] } }))[0]?.['latency_ms'],
    ).toBeCloseTo(1_000 * (2 + 0.95 * (2 ** 1.5 - 2)), 6);
  });

  it('what came since is told although its buckets have grown coarser', () => {
    const { told } = receiver();
    const first = { count: '4', sum: 6, scale: 1, positive: { offset: 0, bucketCounts: ['2', '2'] } };
    told(exponential(first, 2));
    const second = {
      timeUnixNano: at(20),
      count: '8',
      sum: 30,
      scale: 0,
      positive: { offset: 0, bucketCounts: ['4', '0', '4'] },
    };
    expect(told(exponential(second, 2))).toEqual([{ latency_ms: 7_800 }]);
  });
});

describe('data points of each kind', () => {
  const point = { timeUnixNano: at(1), startTimeUnixNano: at(0) };
  const numbers = (metric: object) => receiver().read(receiver().request({ name: 'm', ...metric }));

  it.each<[string, object, object]>([
    ['a gauge', { gauge: { dataPoints: [{ ...point, asDouble: 1.5 }] } }, { m: 1.5 }],
    ['a sum by interval', { sum: { aggregationTemporality: 1, dataPoints: [{ ...point, asInt: '7' }] } }, { m: 7 }],
    ['a sum from a start on', { sum: { aggregationTemporality: 2, dataPoints: [{ ...point, asInt: '9' }] } }, { m: 9 }],
    [
      'a histogram',
      { histogram: { dataPoints: [{ ...point, count: '4', sum: 10, min: 1, max: 4 }] } },
      { 'm.count': 4, 'm.sum': 10, 'm.mean': 2.5, 'm.min': 1, 'm.max': 4 },
    ],
    ['a histogram of nothing', { histogram: { dataPoints: [{ ...point, sum: 0 }] } }, { 'm.count': 0, 'm.sum': 0 }],
    [
      'an exponential histogram',
      { exponentialHistogram: { dataPoints: [{ ...point, count: '2', sum: 3 }] } },
      { 'm.count': 2, 'm.sum': 3, 'm.mean': 1.5 },
    ],
    [
      'a summary',
      { summary: { dataPoints: [{ ...point, count: '2', sum: 3, quantileValues: [{ quantile: 0.99, value: 2 }] }] } },
      { 'm.count': 2, 'm.sum': 3, 'm.mean': 1.5, 'm.p99': 2 },
    ],
  ])('give %s', (_name, metric, expected) => {
    const { events, unusable } = numbers(metric);
    expect(unusable).toBe(0);
    expect(events.map(({ metrics }) => metrics)).toEqual([expected]);
  });

  it.each<[string, object, number]>([
    ['not a number', { asDouble: 'NaN' }, 1],
    ['no end', { asDouble: 'Infinity' }, 1],
    ['no value', {}, 1],
    ['not recorded', { flags: 1 }, 0],
    ['not recorded, but not a number', { flags: 1, asDouble: 'NaN' }, 0],
  ])('are no event where there is %s', (_name, value, rejected) => {
    const { events, unusable } = numbers({ gauge: { dataPoints: [{ ...point, ...value }] } });
    expect(events).toEqual([]);
    expect(unusable).toBe(rejected);
  });

  it('leave out of a histogram what is no finite number', () => {
    const { events } = numbers({ histogram: { dataPoints: [{ ...point, count: '2', sum: 'NaN', max: 'Infinity' }] } });
    expect(events.map(({ metrics }) => metrics)).toEqual([{ 'm.count': 2 }]);
  });

  it('have a place of their own in the request, unless they have no time', () => {
    const { read, request } = receiver();
    const { positions } = read(
      request(cpus('system.cpu.utilization', cpu('', 0.5, { a: 'b' }), cpu('', 0.5)), gauge('now', [{ asInt: '1' }])),
    );
    expect(positions.map(({ position, items }) => [position, items])).toEqual([
      ['1', 1],
      ['2', 1],
      [undefined, 1],
      ['s1', 0],
    ]);
  });

  it('say the same in protocol buffers', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const count = fc.nat(1_000_000).map(String);
    const times = { startTimeUnixNano: fc.constant(at(0)), timeUnixNano: fc.integer({ min: 1, max: 1_000 }).map(at) };
    const number = fc.record({ ...times, asDouble: finite }, { requiredKeys: [] });
    const counts = fc.array(count, { minLength: 1, maxLength: 5 });
    const spread = { ...times, count, sum: finite, min: finite, max: finite };
    const metric: fc.Arbitrary<object> = fc.oneof(
      fc.record({ gauge: fc.record({ dataPoints: fc.array(number) }) }),
      fc.record({
        histogram: fc.record({
          aggregationTemporality: fc.constantFrom(1, 2),
          dataPoints: fc.array(
            fc.record(
              { ...spread, bucketCounts: counts, explicitBounds: fc.array(finite, { maxLength: 5 }) },
              { requiredKeys: [] },
            ),
          ),
        }),
      }),
      fc.record({
        exponentialHistogram: fc.record({
          aggregationTemporality: fc.constantFrom(1, 2),
          dataPoints: fc.array(
            fc.record(
              {
                ...spread,
                scale: fc.integer({ min: -10, max: 20 }),
                zeroCount: count,
                positive: fc.record({ offset: fc.integer({ min: -100, max: 100 }), bucketCounts: counts }),
              },
              { requiredKeys: [] },
            ),
          ),
        }),
      }),
    );
    const name = fc.constantFrom('http.server.request.duration', 'process.cpu.utilization', 'm');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, metric), { maxLength: 4 }), (metrics) => {
        const given = receiver().request(...metrics.map(([said, held]) => ({ name: said, unit: 's', ...held })));
        const decoded = decodeMessage(otlpBytes('metrics', given), metricsRequestFields);
        const read = (request: Parameters<typeof metricEvents>[0]) =>
          metricEvents(request, { mappings: metricMappings(), intervals: new MetricIntervals(startMs) });
        const fromJson = read(readMetricsJson(JSON.stringify(given)));
        const fromBytes = read(decoded as { resourceMetrics?: { scopeMetrics: { metrics: Metric[] }[] }[] });
        const timed = (events: typeof fromJson.events) => events.filter(({ position }) => position !== undefined);
        expect(timed(fromBytes.events)).toEqual(timed(fromJson.events));
        expect(fromBytes.unusable).toBe(fromJson.unusable);
        for (const { event } of fromJson.events)
          for (const value of Object.values(event['metrics'] as object)) expect(Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a configuration', () => {
  it('names metrics of its own, before the conventions and in place of them', () => {
    const { told, read, request } = receiver(
      [
        'gateway:',
        '  metrics:',
        '    jvm.cpu.recent_utilization: { name: cpu_percent, scale: 100 }',
        '    http.server.request.duration: { name: latency_ms, statistic: mean, scale: 1000 }',
        '    queue.length: queue',
        '    http.server.duration: none',
      ].join('\n'),
    );
    expect(
      told(cpus('jvm.cpu.recent_utilization', cpu('', 0.55)), cpus('system.cpu.utilization', cpu('', 0.9))),
    ).toEqual([{ cpu_percent: 55 }]);
    expect(told(cpus('system.cpu.utilization', cpu('', 0.9)))).toEqual([{ cpu_percent: 90 }]);
    expect(told(durations([10, 0, 0, 0, 0], { sum: 3 }))).toEqual([{ latency_ms: 300 }]);
    expect(told(durations([10, 0, 0, 0, 0], { name: 'http.server.duration', unit: 'ms' }))).toEqual([]);
    const lengths = cpus('queue.length', cpu('', 4, { queue: 'a' }), cpu('', 8, { queue: 'b' }));
    expect(read(request(lengths)).events.at(-1)?.metrics).toEqual({ queue: 6 });
  });

  it('says where it is wrong, all at once', () => {
    const text = [
      'gateway:',
      '  metric: {}',
      '  metrics:',
      '    a: { statistic: median }',
      '    b: { name: "1 2", scale: 0, unit: ms }',
      '    c: [x]',
    ].join('\n');
    let lines: unknown;
    try {
      parseEventConfig(text);
    } catch (error) {
      lines = (error as { details: { findings: { line: number }[] } }).details.findings.map(({ line }) => line);
    }
    expect(lines).toEqual([2, 4, 4, 5, 5, 5, 6]);
  });
});

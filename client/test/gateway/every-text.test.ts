import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LeakSearch } from '../../../test/support/leak-search.ts';
import { type EventBench, eventBench, freePort, until } from '../support/event-bench.ts';
import { otlpBytes } from '../support/otlp-bytes.ts';
import type { ProgramRun } from '../support/run-program.ts';

const planted: string[] = [];
const people =
  'anna berta carla dora emma frida greta hanna ines jana karla lena maria nora olga petra rosa sara tina ute'.split(
    ' ',
  );

/** An address that stands in one place of a request, and nowhere else. */
function secret(): string {
  const at = planted.length;
  const address = `${people[at % people.length]}.moser${Math.floor(at / people.length)}@example.org`;
  planted.push(address);
  return address;
}

const text = () => ({ stringValue: `of ${secret()}` });
const bytes = () => ({ bytesValue: Buffer.from(`of ${secret()}`).toString('base64') });
const named = (key: string, value: object = text()) => ({ key, value });
/** Attributes of every kind, personal data in values and in names. */
const attributes = () => [
  named('note'),
  named(`for ${secret()}`),
  named('raw', bytes()),
  named('list', { arrayValue: { values: [text(), bytes(), { kvlistValue: { values: [named('deep')] } }] } }),
  named('map', { kvlistValue: { values: [named('inner'), named(secret(), { intValue: '1' })] } }),
  named('card', { intValue: '4111111111111111' }),
  // No detection knows a name; its place says what it is.
  named('user.full_name', { stringValue: 'Eva Marlene Fink' }),
  named('client.address', { stringValue: '203.0.113.77' }),
];
const resource = () => ({
  attributes: [...attributes(), named('service.name'), named('host.name')],
  entityRefs: [{ schemaUrl: secret(), type: secret(), idKeys: [secret()], descriptionKeys: [secret()] }],
});
const scope = () => ({ name: `lib ${secret()}`, version: secret(), attributes: attributes() });
const time = String(BigInt(Date.UTC(2026, 0, 2)) * 1_000_000n);

const bodies = () => [
  text(),
  bytes(),
  { arrayValue: { values: [text(), { kvlistValue: { values: [named(secret())] } }] } },
  { kvlistValue: { values: [named('a'), named(secret(), bytes())] } },
];
const logsRequest = () => ({
  resourceLogs: [
    {
      resource: resource(),
      schemaUrl: secret(),
      scopeLogs: [
        {
          scope: scope(),
          schemaUrl: secret(),
          logRecords: bodies().map((body) => ({
            timeUnixNano: time,
            severityText: secret(),
            body,
            attributes: [...attributes(), named('user.id')],
            traceId: '5b8efff798038103d269b633813fc60c',
            spanId: 'eee19b7ec3c1b174',
            eventName: `event ${secret()}`,
          })),
        },
      ],
    },
  ],
});
const exemplars = () => [{ timeUnixNano: time, asDouble: 1, filteredAttributes: attributes() }];
const point = () => ({ timeUnixNano: time, attributes: attributes() });
const metricsRequest = () => ({
  resourceMetrics: [
    {
      resource: resource(),
      schemaUrl: secret(),
      scopeMetrics: [
        {
          scope: scope(),
          schemaUrl: secret(),
          metrics: [
            { gauge: { dataPoints: [{ ...point(), asDouble: 1.5, exemplars: exemplars() }] } },
            { sum: { dataPoints: [{ ...point(), asInt: '3', exemplars: exemplars() }] } },
            { histogram: { dataPoints: [{ ...point(), count: '1', sum: 2, exemplars: exemplars() }] } },
            { exponentialHistogram: { dataPoints: [{ ...point(), count: '1', sum: 2, exemplars: exemplars() }] } },
            { summary: { dataPoints: [{ ...point(), count: '1', sum: 2 }] } },
          ].map((kind) => ({
            name: `of.${secret()}`,
            description: secret(),
            unit: secret(),
            metadata: attributes(),
            ...kind,
          })),
        },
      ],
    },
  ],
});

describe('personal data in every place of a request that holds text', () => {
  let bench: EventBench;
  let url: string;
  const stop = new AbortController();
  let done: Promise<ProgramRun>;
  const answers: Buffer[] = [];
  beforeAll(async () => {
    // The server is away for a while, so that all of it lies in the spool.
    bench = await eventBench({ fault: (request) => (request <= 3 ? { kind: 'cut' } : undefined) });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    done = bench.run(['gateway', '--port', String(port)], { signal: stop.signal });
    await until(() =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    stop.abort();
    await done;
    await bench.close();
  });

  const post = async (path: string, type: string, body: string | Uint8Array) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: body as never,
    });
    const answer = Buffer.from(await response.arrayBuffer());
    answers.push(answer);
    expect(response.status).toBe(200);
    expect(answer.toString('utf8')).toMatch(/^(?:\{\})?$/);
  };

  it('reaches neither the server nor the disk nor what the gateway says, in JSON and in protocol buffers', async () => {
    await post('/v1/logs', 'application/json', JSON.stringify(logsRequest()));
    await post('/v1/metrics', 'application/json', JSON.stringify(metricsRequest()));
    await post('/v1/logs', 'application/x-protobuf', otlpBytes('logs', logsRequest()));
    await post('/v1/metrics', 'application/x-protobuf', otlpBytes('metrics', metricsRequest()));
    const inSpool = bench.spoolFiles();
    await until(() => bench.server.events.length === 2 * (4 + 5));
    stop.abort();
    const { stderr, stdout, status } = await done;
    expect(status, stderr).toBe(0);
    const arrived = bench.server.bodies.map((body) => ({ name: 'wire', bytes: body }));
    const said = [...answers, Buffer.from(stderr), stdout].map((part) => ({ name: 'said', bytes: part }));
    expect(planted.length).toBeGreaterThan(200);
    const search = new LeakSearch([...planted, '4111111111111111', 'Eva Marlene Fink', '203.0.113.77']);
    for (const { name, bytes: held } of [...arrived, ...inSpool, ...bench.spoolFiles(), ...said]) {
      expect(await search.search(name, held)).toEqual([]);
    }
    // What is no personal data has come through.
    const logs = bench.server.events.filter(({ type }) => type === 'log');
    expect(logs).toHaveLength(8);
    for (const { attributes: kept } of logs as { attributes?: Record<string, unknown> }[]) {
      expect(kept).toMatchObject({ trace_id: '5b8efff798038103d269b633813fc60c', span_id: 'eee19b7ec3c1b174' });
      expect(kept?.['user.full_name']).toMatch(/^tok_[0-9a-f]{32}$/);
      expect(kept?.['client.address']).toMatch(/^tok_[0-9a-f]{32}$/);
    }
  });
});

import { InputError } from '@sdp/shared/errors';
import { z } from 'zod';
import type { AnyValue, LogsRequest, MetricsRequest } from './otlp-types.ts';

const int64 = z.union([z.string().regex(/^-?\d{1,20}$/), z.number()]);
const double = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
// Proto3's JSON mapping lets `null` stand for a field that is not there, and senders add fields that are not known here.
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);
const list = <T extends z.ZodType>(schema: T) => maybe(z.array(schema));

const anyValue: z.ZodType<AnyValue> = z.lazy(() =>
  z.object({
    stringValue: maybe(z.string()),
    boolValue: maybe(z.boolean()),
    intValue: maybe(int64),
    doubleValue: maybe(double),
    arrayValue: maybe(z.object({ values: list(anyValue) })),
    kvlistValue: maybe(z.object({ values: list(keyValue) })),
    bytesValue: maybe(z.string()),
  }),
);
const keyValue = z.object({ key: maybe(z.string()), value: maybe(anyValue) });
const attributes = list(keyValue);
const resource = maybe(z.object({ attributes }));
const scope = maybe(z.object({ name: maybe(z.string()), version: maybe(z.string()) }));

const logsRequest = z.object({
  resourceLogs: list(
    z.object({
      resource,
      scopeLogs: list(
        z.object({
          scope,
          logRecords: list(
            z.object({
              timeUnixNano: maybe(int64),
              observedTimeUnixNano: maybe(int64),
              severityNumber: maybe(z.union([z.number(), z.string()])),
              severityText: maybe(z.string()),
              body: maybe(anyValue),
              attributes,
              traceId: maybe(z.string()),
              spanId: maybe(z.string()),
              eventName: maybe(z.string()),
            }),
          ),
        }),
      ),
    }),
  ),
});

const buckets = maybe(z.object({ offset: maybe(z.number()), bucketCounts: list(int64) }));
const point = z.object({
  attributes,
  startTimeUnixNano: maybe(int64),
  timeUnixNano: maybe(int64),
  flags: maybe(z.number()),
  asDouble: maybe(double),
  asInt: maybe(int64),
  count: maybe(int64),
  sum: maybe(double),
  min: maybe(double),
  max: maybe(double),
  bucketCounts: list(int64),
  explicitBounds: list(double),
  scale: maybe(z.number()),
  zeroCount: maybe(int64),
  positive: buckets,
  negative: buckets,
  quantileValues: list(z.object({ quantile: maybe(double), value: maybe(double) })),
});
const points = maybe(
  z.object({ dataPoints: list(point), aggregationTemporality: maybe(z.union([z.number(), z.string()])) }),
);

const metricsRequest = z.object({
  resourceMetrics: list(
    z.object({
      resource,
      scopeMetrics: list(
        z.object({
          scope,
          metrics: list(
            z.object({
              name: maybe(z.string()),
              unit: maybe(z.string()),
              gauge: points,
              sum: points,
              histogram: points,
              exponentialHistogram: points,
              summary: points,
            }),
          ),
        }),
      ),
    }),
  ),
});

/** @throws {InputError} `request-malformed` */
export function readLogsJson(text: string): LogsRequest {
  return read(text, logsRequest);
}

/** @throws {InputError} `request-malformed` */
export function readMetricsJson(text: string): MetricsRequest {
  return read(text, metricsRequest);
}

function read<T extends z.ZodType>(text: string, schema: T): z.infer<T> {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // The parser's message quotes the body, and nesting without end overflows the stack of the schema: both are no such message.
  }
  throw new InputError('request-malformed', { message: 'The body is no message of this kind in JSON' });
}

import type { MessageField, MessageFields } from './decode-message.ts';

type Entry = readonly [number, string, MessageField['type']];

function message(...entries: readonly (Entry | readonly [...Entry, 'repeated'])[]): MessageFields {
  return new Map(
    entries.map(([number, name, type, repeated]) => [number, { name, type, repeated: repeated !== undefined }]),
  );
}

// Numbers of the public specification: opentelemetry-proto 1.x, packages common.v1, resource.v1, logs.v1, metrics.v1 and
// collector. What is not read here (exemplars, descriptions, scope attributes, schema addresses) is left out.
const anyValue: MessageFields = message(
  [1, 'stringValue', 'string'],
  [2, 'boolValue', 'bool'],
  [3, 'intValue', 'int64'],
  [4, 'doubleValue', 'double'],
  [5, 'arrayValue', () => arrayValue],
  [6, 'kvlistValue', () => keyValueList],
  [7, 'bytesValue', 'bytes'],
);
const arrayValue = message([1, 'values', () => anyValue, 'repeated']);
const keyValue = message([1, 'key', 'string'], [2, 'value', () => anyValue]);
const keyValueList = message([1, 'values', () => keyValue, 'repeated']);
const resource = message([1, 'attributes', () => keyValue, 'repeated']);
const scope = message([1, 'name', 'string'], [2, 'version', 'string']);

const logRecord = message(
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'severityNumber', 'enum'],
  [3, 'severityText', 'string'],
  [5, 'body', () => anyValue],
  [6, 'attributes', () => keyValue, 'repeated'],
  [9, 'traceId', 'bytes'],
  [10, 'spanId', 'bytes'],
  [11, 'observedTimeUnixNano', 'fixed64'],
  [12, 'eventName', 'string'],
);
const scopeLogs = message([1, 'scope', () => scope], [2, 'logRecords', () => logRecord, 'repeated']);
const resourceLogs = message([1, 'resource', () => resource], [2, 'scopeLogs', () => scopeLogs, 'repeated']);

export const logsRequestFields = message([1, 'resourceLogs', () => resourceLogs, 'repeated']);

const numberPoint = message(
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'asDouble', 'double'],
  [6, 'asInt', 'sfixed64'],
  [7, 'attributes', () => keyValue, 'repeated'],
  [8, 'flags', 'uint32'],
);
const histogramPoint = message(
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'bucketCounts', 'fixed64', 'repeated'],
  [7, 'explicitBounds', 'double', 'repeated'],
  [9, 'attributes', () => keyValue, 'repeated'],
  [10, 'flags', 'uint32'],
  [11, 'min', 'double'],
  [12, 'max', 'double'],
);
const exponentialBuckets = message([1, 'offset', 'sint32'], [2, 'bucketCounts', 'uint64', 'repeated']);
const exponentialPoint = message(
  [1, 'attributes', () => keyValue, 'repeated'],
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'scale', 'sint32'],
  [7, 'zeroCount', 'fixed64'],
  [8, 'positive', () => exponentialBuckets],
  [9, 'negative', () => exponentialBuckets],
  [10, 'flags', 'uint32'],
  [12, 'min', 'double'],
  [13, 'max', 'double'],
);
const quantile = message([1, 'quantile', 'double'], [2, 'value', 'double']);
const summaryPoint = message(
  [2, 'startTimeUnixNano', 'fixed64'],
  [3, 'timeUnixNano', 'fixed64'],
  [4, 'count', 'fixed64'],
  [5, 'sum', 'double'],
  [6, 'quantileValues', () => quantile, 'repeated'],
  [7, 'attributes', () => keyValue, 'repeated'],
  [8, 'flags', 'uint32'],
);
const gauge = message([1, 'dataPoints', () => numberPoint, 'repeated']);
const sum = message([1, 'dataPoints', () => numberPoint, 'repeated'], [2, 'aggregationTemporality', 'enum']);
const histogram = message([1, 'dataPoints', () => histogramPoint, 'repeated'], [2, 'aggregationTemporality', 'enum']);
const exponential = message(
  [1, 'dataPoints', () => exponentialPoint, 'repeated'],
  [2, 'aggregationTemporality', 'enum'],
);
const summary = message([1, 'dataPoints', () => summaryPoint, 'repeated']);
const metric = message(
  [1, 'name', 'string'],
  [3, 'unit', 'string'],
  [5, 'gauge', () => gauge],
  [7, 'sum', () => sum],
  [9, 'histogram', () => histogram],
  [10, 'exponentialHistogram', () => exponential],
  [11, 'summary', () => summary],
);
const scopeMetrics = message([1, 'scope', () => scope], [2, 'metrics', () => metric, 'repeated']);
const resourceMetrics = message([1, 'resource', () => resource], [2, 'scopeMetrics', () => scopeMetrics, 'repeated']);

export const metricsRequestFields = message([1, 'resourceMetrics', () => resourceMetrics, 'repeated']);

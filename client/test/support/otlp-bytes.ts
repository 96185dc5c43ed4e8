import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Writes OTLP requests, given as their JSON mapping has them, as protocol buffers: all fields of the specification 1.x. */
type Kind =
  | 'string'
  | 'bytes'
  | 'hex'
  | 'bool'
  | 'int64'
  | 'uint32'
  | 'sint32'
  | 'enum'
  | 'double'
  | 'fixed64'
  | 'sfixed64';
type Field = readonly [number: number, kind: Kind | (() => Fields), list?: 'list' | 'packed'];
type Fields = Readonly<Record<string, Field>>;

const anyValue: Fields = {
  stringValue: [1, 'string'],
  boolValue: [2, 'bool'],
  intValue: [3, 'int64'],
  doubleValue: [4, 'double'],
  arrayValue: [5, () => ({ values: [1, () => anyValue, 'list'] })],
  kvlistValue: [6, () => ({ values: [1, () => keyValue, 'list'] })],
  bytesValue: [7, 'bytes'],
};
const keyValue: Fields = { key: [1, 'string'], value: [2, () => anyValue] };
const entityRef: Fields = {
  schemaUrl: [1, 'string'],
  type: [2, 'string'],
  idKeys: [3, 'string', 'list'],
  descriptionKeys: [4, 'string', 'list'],
};
const resource: Fields = {
  attributes: [1, () => keyValue, 'list'],
  droppedAttributesCount: [2, 'uint32'],
  entityRefs: [3, () => entityRef, 'list'],
};
const scope: Fields = {
  name: [1, 'string'],
  version: [2, 'string'],
  attributes: [3, () => keyValue, 'list'],
};
const logRecord: Fields = {
  timeUnixNano: [1, 'fixed64'],
  severityNumber: [2, 'enum'],
  severityText: [3, 'string'],
  body: [5, () => anyValue],
  attributes: [6, () => keyValue, 'list'],
  traceId: [9, 'hex'],
  spanId: [10, 'hex'],
  observedTimeUnixNano: [11, 'fixed64'],
  eventName: [12, 'string'],
};
const exemplar: Fields = {
  timeUnixNano: [2, 'fixed64'],
  asDouble: [3, 'double'],
  spanId: [4, 'hex'],
  traceId: [5, 'hex'],
  filteredAttributes: [7, () => keyValue, 'list'],
};
const numberPoint: Fields = {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  exemplars: [5, () => exemplar, 'list'],
  asInt: [6, 'sfixed64'],
  attributes: [7, () => keyValue, 'list'],
  flags: [8, 'uint32'],
};
const histogramPoint: Fields = {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'packed'],
  explicitBounds: [7, 'double', 'packed'],
  exemplars: [8, () => exemplar, 'list'],
  attributes: [9, () => keyValue, 'list'],
  flags: [10, 'uint32'],
  min: [11, 'double'],
  max: [12, 'double'],
};
const buckets: Fields = { offset: [1, 'sint32'], bucketCounts: [2, 'int64', 'packed'] };
const exponentialPoint: Fields = {
  attributes: [1, () => keyValue, 'list'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'sint32'],
  zeroCount: [7, 'fixed64'],
  positive: [8, () => buckets],
  negative: [9, () => buckets],
  flags: [10, 'uint32'],
  exemplars: [11, () => exemplar, 'list'],
  min: [12, 'double'],
  max: [13, 'double'],
};
const summaryPoint: Fields = {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, () => ({ quantile: [1, 'double'], value: [2, 'double'] }), 'list'],
  attributes: [7, () => keyValue, 'list'],
  flags: [8, 'uint32'],
};
const pointsOf = (point: Fields): Fields => ({
  dataPoints: [1, () => point, 'list'],
  aggregationTemporality: [2, 'enum'],
  isMonotonic: [3, 'bool'],
});
const metric: Fields = {
  name: [1, 'string'],
  description: [2, 'string'],
  unit: [3, 'string'],
  gauge: [5, () => pointsOf(numberPoint)],
  sum: [7, () => pointsOf(numberPoint)],
  histogram: [9, () => pointsOf(histogramPoint)],
  exponentialHistogram: [10, () => pointsOf(exponentialPoint)],
  summary: [11, () => pointsOf(summaryPoint)],
  metadata: [12, () => keyValue, 'list'],
};
const perScope = (name: string, item: Fields): Fields => ({
  scope: [1, () => scope],
  [name]: [2, () => item, 'list'],
  schemaUrl: [3, 'string'],
});
const perResource = (name: string, inner: Fields): Fields => ({
  resource: [1, () => resource],
  [name]: [2, () => inner, 'list'],
  schemaUrl: [3, 'string'],
});
const requests = {
  logs: { resourceLogs: [1, () => perResource('scopeLogs', perScope('logRecords', logRecord)), 'list'] },
  metrics: { resourceMetrics: [1, () => perResource('scopeMetrics', perScope('metrics', metric)), 'list'] },
} as const satisfies Readonly<Record<string, Fields>>;

export function otlpBytes(signal: keyof typeof requests, request: object): Uint8Array {
  return message(request, requests[signal]);
}

function message(value: object, fields: Fields): Uint8Array {
  const writer = new BinaryWriter();
  for (const [name, held] of Object.entries(value)) {
    const field = fields[name];
    if (field === undefined) throw new Error(`no field ${name}`);
    const [number, kind, list] = field;
    if (list === 'packed') {
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const item of held as unknown[]) scalar(writer, kind as Kind, item);
      writer.join();
      continue;
    }
    for (const item of list === 'list' ? (held as unknown[]) : [held]) {
      if (typeof kind === 'function') {
        writer.tag(number, WireType.LengthDelimited).bytes(message(item as object, kind()));
      } else scalar(writer.tag(number, wireOf(kind)), kind, item);
    }
  }
  return writer.finish();
}

function wireOf(kind: Kind): WireType {
  if (kind === 'string' || kind === 'bytes' || kind === 'hex') return WireType.LengthDelimited;
  return kind === 'double' || kind === 'fixed64' || kind === 'sfixed64' ? WireType.Bit64 : WireType.Varint;
}

function scalar(writer: BinaryWriter, kind: Kind, value: unknown): void {
  const number = () => Number(value);
  const whole = () => BigInt(value as string | number);
  switch (kind) {
    case 'string':
      writer.string(String(value));
      break;
    case 'bytes':
      writer.bytes(Buffer.from(String(value), 'base64'));
      break;
    case 'hex':
      writer.bytes(Buffer.from(String(value), 'hex'));
      break;
    case 'bool':
      writer.bool(value === true);
      break;
    case 'int64':
      writer.int64(whole());
      break;
    case 'uint32':
      writer.uint32(number());
      break;
    case 'sint32':
      writer.sint32(number());
      break;
    case 'enum':
      writer.int32(number());
      break;
    case 'double':
      writer.double(number());
      break;
    case 'fixed64':
      writer.fixed64(whole());
      break;
    default:
      writer.sfixed64(whole());
  }
}

/** 64-bit numbers: JSON has them as texts or numbers, protocol buffers as big integers. */
export type Int64 = string | number | bigint;

/** `opentelemetry.proto.common.v1.AnyValue`; of the fields one is there, or none. */
export interface AnyValue {
  readonly stringValue?: string | undefined;
  readonly boolValue?: boolean | undefined;
  readonly intValue?: Int64 | undefined;
  readonly doubleValue?: number | string | undefined;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] | undefined } | undefined;
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] | undefined } | undefined;
  /** Base64 in JSON. */
  readonly bytesValue?: string | Uint8Array | undefined;
}

export interface KeyValue {
  readonly key?: string | undefined;
  readonly value?: AnyValue | undefined;
}

interface Resource {
  readonly attributes?: readonly KeyValue[] | undefined;
}

interface Scope {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

export interface LogRecord {
  readonly timeUnixNano?: Int64 | undefined;
  readonly observedTimeUnixNano?: Int64 | undefined;
  readonly severityNumber?: number | string | undefined;
  readonly severityText?: string | undefined;
  readonly body?: AnyValue | undefined;
  readonly attributes?: readonly KeyValue[] | undefined;
  /** Hexadecimal in JSON. */
  readonly traceId?: string | Uint8Array | undefined;
  readonly spanId?: string | Uint8Array | undefined;
  readonly eventName?: string | undefined;
}

/** `ExportLogsServiceRequest` of the OTLP specification 1.x, as far as it is read here. */
export interface LogsRequest {
  readonly resourceLogs?:
    | readonly {
        readonly resource?: Resource | undefined;
        readonly scopeLogs?:
          | readonly { readonly scope?: Scope | undefined; readonly logRecords?: readonly LogRecord[] | undefined }[]
          | undefined;
      }[]
    | undefined;
}

/** Buckets of an exponential histogram: `bucketCounts[i]` is that of index `offset + i`. */
export interface ExponentialBuckets {
  readonly offset?: number | undefined;
  readonly bucketCounts?: readonly Int64[] | undefined;
}

/** A point of any of the kinds of metrics; each kind has some of the fields. */
export interface DataPoint {
  readonly attributes?: readonly KeyValue[] | undefined;
  readonly startTimeUnixNano?: Int64 | undefined;
  readonly timeUnixNano?: Int64 | undefined;
  readonly flags?: number | undefined;
  readonly asDouble?: number | string | undefined;
  readonly asInt?: Int64 | undefined;
  readonly count?: Int64 | undefined;
  readonly sum?: number | string | undefined;
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
  readonly bucketCounts?: readonly Int64[] | undefined;
  readonly explicitBounds?: readonly (number | string)[] | undefined;
  readonly scale?: number | undefined;
  readonly zeroCount?: Int64 | undefined;
  readonly positive?: ExponentialBuckets | undefined;
  readonly negative?: ExponentialBuckets | undefined;
  readonly quantileValues?:
    | readonly { readonly quantile?: number | string | undefined; readonly value?: number | string | undefined }[]
    | undefined;
}

interface Points {
  readonly dataPoints?: readonly DataPoint[] | undefined;
  /** 1: of the time since the last point; 2: since the start. JSON may have the names. */
  readonly aggregationTemporality?: number | string | undefined;
}

export interface Metric {
  readonly name?: string | undefined;
  readonly unit?: string | undefined;
  readonly gauge?: Points | undefined;
  readonly sum?: Points | undefined;
  readonly histogram?: Points | undefined;
  readonly exponentialHistogram?: Points | undefined;
  readonly summary?: Points | undefined;
}

/** `ExportMetricsServiceRequest`. */
export interface MetricsRequest {
  readonly resourceMetrics?:
    | readonly {
        readonly resource?: Resource | undefined;
        readonly scopeMetrics?:
          | readonly { readonly scope?: Scope | undefined; readonly metrics?: readonly Metric[] | undefined }[]
          | undefined;
      }[]
    | undefined;
}

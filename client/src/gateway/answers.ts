import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** OTLP/HTTP has two; an answer comes in that of its request. */
export type OtlpEncoding = 'json' | 'protobuf';

export const contentTypes: Readonly<Record<OtlpEncoding, string>> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
};

/** Kinds of data that are received, and what their rejected items are called. */
export const signals = {
  logs: { path: '/v1/logs', rejected: 'rejectedLogRecords' },
  metrics: { path: '/v1/metrics', rejected: 'rejectedDataPoints' },
} as const;
export type Signal = keyof typeof signals;

/** `Export…ServiceResponse`: empty where all was taken, else with `partial_success`. */
export function successAnswer(encoding: OtlpEncoding, signal: Signal, rejected: number, message: string): Uint8Array {
  if (encoding === 'json') {
    const partial = { [signals[signal].rejected]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(rejected === 0 ? {} : { partialSuccess: partial }), 'utf8');
  }
  const writer = new BinaryWriter();
  if (rejected > 0) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(rejected);
    writer.tag(2, WireType.LengthDelimited).string(message);
    writer.join();
  }
  return writer.finish();
}

/** Codes of `google.rpc.Code`. */
export const rpcCodes = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** `google.rpc.Status`. */
export function statusAnswer(encoding: OtlpEncoding, code: number, message: string): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }), 'utf8');
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int32(code);
  writer.tag(2, WireType.LengthDelimited).string(message);
  return writer.finish();
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { InputError, SdpError, UnavailableError } from '@sdp/shared/errors';
import { contentTypes, type OtlpEncoding, rpcCodes, statusAnswer } from './answers.ts';

export function send(
  response: ServerResponse,
  status: number,
  encoding: OtlpEncoding,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, { 'content-type': contentTypes[encoding], 'content-length': body.length, ...headers })
    .end(body);
}

/** Says what failed, as a `google.rpc.Status` in the encoding of the request, as OTLP/HTTP has it. */
export function sendFailure(
  request: IncomingMessage,
  response: ServerResponse,
  encoding: OtlpEncoding,
  error: unknown,
): void {
  if (response.headersSent || response.destroyed) return;
  const known = error instanceof SdpError ? error : new SdpError('internal');
  const { status, code } = statusOf(known);
  const wait = known.details.retryAfterSeconds;
  const headers = {
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 405 ? { allow: 'POST' } : {}),
    // What of the body was not read would be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  };
  send(response, status, encoding, statusAnswer(encoding, code, known.message), headers);
}

function statusOf(error: SdpError): { readonly status: number; readonly code: number } {
  if (error instanceof UnavailableError) return { status: 503, code: rpcCodes.unavailable };
  if (error instanceof InputError) return { status: 400, code: rpcCodes.invalidArgument };
  switch (error.code) {
    case 'unauthorized':
      return { status: 401, code: rpcCodes.unauthenticated };
    case 'rate-limited':
      return { status: 429, code: rpcCodes.resourceExhausted };
    case 'payload-too-large':
      return { status: 413, code: rpcCodes.resourceExhausted };
    case 'media-type-unsupported':
      return { status: 415, code: rpcCodes.invalidArgument };
    case 'not-found':
      return { status: error.details.status ?? 404, code: rpcCodes.unimplemented };
    case 'forbidden':
      return { status: 403, code: rpcCodes.permissionDenied };
    default:
      return { status: 500, code: rpcCodes.internal };
  }
}

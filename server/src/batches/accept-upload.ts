import { InputError, SdpError, UnavailableError } from '@sdp/shared/errors';
import type { Request, Response } from 'express';
import { contextOf, principalOf } from '../http/index.ts';
import type { Metrics, RefusalReason } from '../observability/index.ts';
import type { Ingest, Ingested, Upload } from './ingest/ingest.ts';

/** What an upload's own form says of it; who sends it and under which idempotency key is said alike in all. */
export type UploadForm = Pick<Upload, 'clientId' | 'format' | 'encoding' | 'stream' | 'metadata'>;

export interface AcceptUploadOptions {
  readonly ingest: Ingest;
  readonly metrics: Metrics;
}

const idempotencyKeyPattern = /^[A-Za-z0-9._:+/=-]{1,200}$/;

/**
 * Takes in what a request brings, in whatever form, and notes what became of it.
 *
 * @param open says where in the request the records are
 * @throws as {@link Ingest}
 */
export async function acceptUpload(
  { ingest, metrics }: AcceptUploadOptions,
  request: Request,
  response: Response,
  open: () => UploadForm | Promise<UploadForm>,
): Promise<Ingested['response']> {
  const { allowDeclaredSafe, kind, id } = principalOf(response);
  try {
    const form = await open();
    const idempotencyKey = idempotencyKeyOf(request.get('idempotency-key'));
    const upload = { ...form, allowDeclaredSafe, author: { kind, id }, idempotencyKey };
    const { response: answer, isReplay } = await ingest(upload);
    if (isReplay) response.set('Idempotency-Replayed', 'true');
    contextOf(response).logger.info(
      { batchId: answer.batch_id, records: answer.accepted_records, isReplay },
      'batch accepted',
    );
    return answer;
  } catch (error) {
    noteRefusal(error, response, metrics);
    throw error;
  }
}

/** @throws {InputError} `request-invalid` */
function idempotencyKeyOf(text: string | undefined): string | undefined {
  if (text === undefined || idempotencyKeyPattern.test(text)) return text;
  throw new InputError('request-invalid', {
    details: {
      findings: [{ field: 'Idempotency-Key', message: 'must be 1 to 200 letters, digits and . _ : + / = -' }],
    },
  });
}

/** A refusal by the firewall is an operator's business too: it is logged with its kind and place, never with a name or value. */
function noteRefusal(error: unknown, response: Response, metrics: Metrics): void {
  metrics.uploadRefused(reasonOf(error));
  if (!(error instanceof SdpError) || error.code !== 'raw-pii-found') return;
  const { count, detector, findings } = error.details;
  const rows = (findings ?? []).map(({ row }) => row).filter((row) => row !== undefined);
  contextOf(response).logger.warn(
    { detector, columns: count, firstRows: rows.slice(0, 10) },
    'batch refused: raw personal data',
  );
}

function reasonOf(error: unknown): RefusalReason {
  if (!(error instanceof SdpError)) return 'other';
  if (error.code === 'raw-pii-found') return 'pii';
  if (error.code === 'idempotency-conflict') return 'conflict';
  if (error.code === 'payload-too-large') return 'limit';
  if (error instanceof UnavailableError) return 'busy';
  return error instanceof InputError ? 'invalid' : 'other';
}

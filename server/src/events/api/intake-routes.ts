import type { EventsAccepted } from '@sdp/shared/contracts';
import { InputError, RejectedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import { ByteBudget, readTrace } from '@sdp/shared/messaging';
import { type Request, type Response, Router } from 'express';
import { bodyBytes, decode, encodingOf, formatOf, textBlocks } from '../../batches/index.ts';
import { clientOf, contextOf, type ItemRate, named, principalOf } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import type { SizedEvent } from '../intake/event-groups.ts';
import type { EventIntake } from '../intake/event-intake.ts';
import { readEvents } from '../intake/read-events-rules.ts';
import type { RefusalTrail } from '../intake/refusal-trail.ts';
import { takeLines } from '../intake/take-lines.ts';
import type { EventApiMetrics } from './event-api-metrics.ts';

export interface IntakeRoutesOptions {
  readonly intake: EventIntake;
  readonly rate: ItemRate;
  readonly metrics: EventApiMetrics;
  readonly trail: Pick<RefusalTrail, 'note'>;
  readonly guard: Guard;
  /** Of a stream, after decompression. */
  readonly maxStreamBytes: number;
  /** Requests whose bodies are being read. */
  readonly maxRequests: number;
}

/** After decompression. */
const maxJsonBytes = 8 * 1_024 * 1_024;
const maxLineBytes = 512 * 1_024;
/** Of JSON bodies, which are read whole. */
const maxBytesInHand = 32 * 1_024 * 1_024;
const maxWaitMs = 5_000;

/** `POST /api/v1/events`. */
export function intakeRoutes(options: IntakeRoutesOptions): Router {
  const router = Router();
  const path = '/api/v1/events';
  const bodies = new ByteBudget(maxBytesInHand, maxWaitMs);
  let requests = 0;
  options.metrics.watch(() => ({ requests, bytes: bodies.usedBytes }));
  router.post(path, named(path), ...options.guard('events:write', { isBusy: true }), async (request, response) => {
    if (requests >= options.maxRequests) throw busy();
    requests += 1;
    try {
      response.json({ accepted: await take(request, response, options, bodies) } satisfies EventsAccepted);
    } catch (error) {
      noteRefusal(error, response, options);
      throw error;
    } finally {
      requests -= 1;
    }
  });
  return router;
}

async function take(
  request: Request,
  response: Response,
  options: IntakeRoutesOptions,
  bodies: ByteBudget,
): Promise<number> {
  const { intake, rate, maxStreamBytes } = options;
  const clientId = clientOf(response);
  const { id } = principalOf(response);
  const format = formatOf(request.get('content-type'));
  const encoding = encodingOf(request.get('content-encoding'));
  const trace = traceOf(request);
  const accept = (events: readonly SizedEvent[]) => intake.accept(events, { clientId, receivedAt: new Date(), trace });
  if (format === 'ndjson') {
    const bytes = bodyBytes(request, { encoding, maxBytes: maxStreamBytes });
    const admit = () => rate.take(id, 1);
    return takeLines(textBlocks(bytes, maxLineBytes), { accept, admit });
  }
  if (format !== 'json') throw new RejectedError('media-type-unsupported');
  const declared = Number(request.get('content-length'));
  const size = encoding === 'identity' && declared > 0 ? Math.min(declared, maxJsonBytes) : maxJsonBytes;
  return bodies.use(size, async () => {
    const text = await textOf(bodyBytes(request, { encoding, maxBytes: maxJsonBytes }));
    const events = readEvents(parse(text), Date.now());
    rate.take(id, events.length);
    await accept(events.map((event) => ({ event, bytes: Buffer.byteLength(JSON.stringify(event)) })));
    return events.length;
  });
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return decode(chunks);
}

/** @throws {InputError} `request-malformed` */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the input.
    throw new InputError('request-malformed');
  }
}

function traceOf(request: Request) {
  const traceparent = request.get('traceparent');
  return traceparent === undefined ? undefined : readTrace({ traceparent });
}

/** A refusal by the firewall is an operator's business too: it is logged with its kind and number, never with a name or value. */
function noteRefusal(error: unknown, response: Response, { metrics, trail }: IntakeRoutesOptions): void {
  metrics.refused(error instanceof SdpError ? error.code : 'internal');
  if (!(error instanceof SdpError) || error.code !== 'raw-pii-found') return;
  const { count = 0, detector = '' } = error.details;
  const { kind, id } = principalOf(response);
  trail.note({ actor: { kind, id }, clientId: clientOf(response), detector, fields: count });
  contextOf(response).logger.warn({ detector, fields: count }, 'events refused: raw personal data');
}

function busy(): UnavailableError {
  return new UnavailableError('server-busy', {
    message: 'The server is taking as many requests with events as it can',
    details: { retryAfterSeconds: 1 },
  });
}

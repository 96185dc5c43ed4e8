import type { DecidedTransaction, TransactionAnswer } from '@sdp/shared/contracts';
import { InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import { readTrace } from '@sdp/shared/messaging';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { clientOf, type ItemRate, named, principalOf, readJsonBody } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import type { DecisionBoard, Expected } from '../intake/decision-board.ts';
import type { Accepted, TransactionIntake } from '../intake/transaction-intake.ts';
import type { StoredTransaction, TransactionName } from '../store/transaction-store.ts';
import { pendingTransaction, presentTransaction, transactionUrl } from '../store/transaction-store.ts';
import { findingsOf, readTransactions } from './read-transactions-rules.ts';
import type { TransactionApiMetrics } from './transaction-api-metrics.ts';

export interface TransactionRoutesOptions {
  readonly intake: TransactionIntake;
  readonly board: DecisionBoard;
  readonly rate: ItemRate;
  readonly metrics: TransactionApiMetrics;
  readonly find: (name: TransactionName) => Promise<readonly StoredTransaction[]>;
  /** Bound on transactions whose requests wait for a decision. */
  readonly maxWaiting: number;
  readonly guard: Guard;
}

const maxBodyBytes = 2 * 1_024 * 1_024;

export const waitQuerySchema = z.object({
  wait_ms: z.coerce
    .number()
    .int()
    .min(0)
    .max(30_000)
    .default(1_000)
    .meta({ description: 'How long to wait for the decision before answering 202' }),
});

/** Taking transactions, and asking for one. */
export function transactionRoutes(options: TransactionRoutesOptions): Router {
  const router = Router();
  const all = '/api/v1/transactions';
  // A limit by requests would count a thousand transactions as one.
  router.post(all, named(all), ...options.guard('transactions:write', { isBusy: true }), postHandler(options));

  const one = '/api/v1/transactions/:transactionId';
  router.get(one, named(one), ...options.guard('transactions:read'), async (request, response) => {
    const name = { clientId: clientOf(response), transactionId: String(request.params['transactionId']) };
    const [stored] = await options.find(name);
    if (!stored) throw new RejectedError('not-found');
    response.json(
      (stored.decided ?? options.board.remembered(name) ?? presentTransaction(stored)) satisfies TransactionAnswer,
    );
  });
  return router;
}

function postHandler(options: TransactionRoutesOptions): RequestHandler {
  const { rate, metrics, board, maxWaiting, intake } = options;
  return async (request, response) => {
    const arrivedAt = performance.now();
    const clientId = clientOf(response);
    const waitMs = waitOf(request);
    const { transactions, isSingle } = readTransactions(await readJsonBody(request, maxBodyBytes), Date.now());
    assertDistinct(transactions.map(({ transaction_id }) => transaction_id));
    rate.take(principalOf(response).id, transactions.length);
    if (board.size + transactions.length > maxWaiting) throw busy();

    const trace = traceOf(request);
    const expected = transactions.map(({ transaction_id: transactionId }) => board.expect({ clientId, transactionId }));
    try {
      const accepted = await intake.submit(transactions.map((transaction) => ({ clientId, transaction, trace })));
      assertNoConflict(accepted, isSingle);
      const answers = await answersOf(accepted, expected, waitMs, arrivedAt, metrics);
      send(response, answers, isSingle);
    } finally {
      for (const each of expected) each.release();
    }
  };
}

async function answersOf(
  accepted: readonly Accepted[],
  expected: readonly Expected[],
  waitMs: number,
  arrivedAt: number,
  metrics: TransactionApiMetrics,
): Promise<TransactionAnswer[]> {
  for (const [i, each] of accepted.entries()) {
    if (each.kind === 'new') expected[i]?.markFirstHand();
    if (each.kind === 'repeat' && each.decided) expected[i]?.settle(each.decided);
  }
  const deadline = arrivedAt + waitMs;
  const answers: TransactionAnswer[] = [];
  for (const [i, each] of accepted.entries()) {
    const wanted = expected[i] as Expected;
    const decided = await wanted.wait(deadline - performance.now());
    const receivedAt = (each as { receivedAt: Date }).receivedAt;
    answers.push(decided ?? pendingTransaction(wanted.transactionId, receivedAt));
    metrics.answered(
      each.kind === 'new' ? 'new' : 'repeat',
      decided as DecidedTransaction | undefined,
      (performance.now() - arrivedAt) / 1_000,
    );
  }
  return answers;
}

function send(response: Response, answers: readonly TransactionAnswer[], isSingle: boolean): void {
  const isDecided = answers.every(({ status }) => status === 'DECIDED');
  response.status(isDecided ? 200 : 202);
  if (!isDecided) response.set('Retry-After', '1');
  const [only] = answers;
  if (!isSingle || only === undefined) {
    response.json({ transactions: answers });
    return;
  }
  response.location(transactionUrl(only.transaction_id)).json(only);
}

/** @throws {InputError} `request-invalid` */
function waitOf(request: Request): number {
  const query = waitQuerySchema.safeParse(request.query);
  if (!query.success) throw new InputError('request-invalid', { details: { findings: findingsOf(query.error) } });
  return query.data.wait_ms;
}

/** @throws {InputError} `request-invalid` */
function assertDistinct(ids: readonly string[]): void {
  const seen = new Set<string>();
  const findings = ids.flatMap((id, i) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{ field: `transactions.${i}.transaction_id`, message: 'stands for an earlier one of the request' }];
  });
  if (findings.length > 0) throw new InputError('request-invalid', { details: { findings: findings.slice(0, 100) } });
}

/** @throws {RejectedError} `idempotency-conflict`; the request's other transactions are taken */
function assertNoConflict(accepted: readonly Accepted[], isSingle: boolean): void {
  const findings = accepted.flatMap(({ kind }, i) =>
    kind === 'conflict'
      ? [
          {
            field: isSingle ? 'transaction_id' : `transactions.${i}.transaction_id`,
            message: 'stands for a transaction with other content',
          },
        ]
      : [],
  );
  if (findings.length === 0) return;
  throw new RejectedError('idempotency-conflict', {
    message: 'A transaction with this id and other content was sent before',
    remedy: 'Send it under an id of its own, or with the content that it had.',
    details: { findings: findings.slice(0, 100) },
  });
}

function traceOf(request: Request) {
  const traceparent = request.get('traceparent');
  return traceparent === undefined ? undefined : readTrace({ traceparent });
}

function busy(): UnavailableError {
  return new UnavailableError('server-busy', {
    message: 'More transactions wait for their decisions than the server takes',
    details: { retryAfterSeconds: 1 },
  });
}

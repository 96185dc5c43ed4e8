import { type StoredOutcome, transactionOutcomeSchema } from '@sdp/shared/contracts';
import { type Finding, InputError, RejectedError } from '@sdp/shared/errors';
import type { MessageSealer, StageBus } from '@sdp/shared/messaging';
import { Router } from 'express';
import type { AuditActor, RecordAudit } from '../../audit/index.ts';
import { EmbeddedBus, type PublishIn } from '../../bus/index.ts';
import { inTenants, onlyTenants, type Pool, type PoolClient, withTransaction } from '../../database/index.ts';
import { clientOf, named, principalOf, readJsonBody } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import { insertOutcome } from '../store/outcome-store.ts';
import { findTransactions, type StoredTransaction } from '../store/transaction-store.ts';
import { messageKey, outcomeContract, transactionTopics } from '../transaction-flow.ts';
import { findingsOf } from './read-transactions-rules.ts';

export interface OutcomeRoutesOptions {
  readonly pool: Pool;
  readonly bus: StageBus;
  readonly sealer: MessageSealer;
  readonly recordAudit: RecordAudit;
  readonly guard: Guard;
}

const maxBodyBytes = 10_000;
/** How far a sender's clock may be ahead of ours. */
const aheadMs = 300_000;

/** `POST /api/v1/transactions/{id}/outcome`: what a transaction turned out to be. */
export function outcomeRoutes(options: OutcomeRoutesOptions): Router {
  const router = Router();
  const path = '/api/v1/transactions/:transactionId/outcome';
  router.post(path, named(path), ...options.guard('transactions:write'), async (request, response) => {
    const body = transactionOutcomeSchema.safeParse(await readJsonBody(request, maxBodyBytes));
    if (!body.success) throw new InputError('request-invalid', { details: { findings: findingsOf(body.error) } });
    const clientId = clientOf(response);
    const name = { clientId, transactionId: String(request.params['transactionId']) };
    const [transaction] = await findTransactions(onlyTenants(options.pool, [clientId]), [name]);
    if (!transaction) throw new RejectedError('not-found');
    const { fraud, known_at: knownAt } = body.data;
    const { kind, id } = principalOf(response);
    const outcome = { fraud, givenAt: knownAt === undefined ? undefined : new Date(knownAt), actor: { kind, id } };
    response.json(await report(options, transaction, outcome));
  });
  return router;
}

interface ReportedOutcome {
  readonly fraud: boolean;
  readonly givenAt: Date | undefined;
  readonly actor: AuditActor;
}

async function report(
  { pool, bus, sealer, recordAudit }: OutcomeRoutesOptions,
  transaction: StoredTransaction,
  { fraud, givenAt, actor }: ReportedOutcome,
): Promise<StoredOutcome> {
  const reportedAt = new Date();
  const knownAt = givenAt ?? reportedAt;
  assertPlausible(transaction, knownAt, reportedAt);
  const { clientId, transactionId, terminal, occurredAt } = transaction;
  const message = await sealer.seal([
    sealer.prepare(transactionTopics.embedded, {
      key: messageKey(clientId, terminal),
      contract: outcomeContract,
      payload: {
        transaction_id: transactionId,
        terminal,
        occurred_ms: occurredAt.getTime(),
        known_ms: knownAt.getTime(),
        fraud,
      },
      // The moment is in it: should the row be lost after the bus took this, the next report is another event.
      eventId: `${transactionId}:o:${knownAt.getTime()}`,
      tenant: clientId,
    }),
  ]);
  const store = async (client: PoolClient, publish: PublishIn) => {
    const outcome = await inTenants(client, [clientId], async () => {
      const stored = await insertOutcome(client, { clientId, transactionId, fraud, knownAt, reportedAt });
      const entry = { actor, action: 'outcome.reported', subject: transactionId, clientId, detail: { fraud } } as const;
      if (stored.isNew) await recordAudit(client, entry);
      return stored;
    });
    if (outcome.isNew) await publish(transactionTopics.embedded, message);
    return outcome;
  };
  const { stored, isNew } = await (bus instanceof EmbeddedBus
    ? bus.transaction(store)
    : withTransaction(pool, (client) => store(client, (topic, messages) => bus.publish(topic, messages))));
  const isSame = stored.fraud === fraud && (givenAt === undefined || stored.known_at === knownAt.toISOString());
  if (!isNew && !isSame) {
    throw new RejectedError('idempotency-conflict', {
      message: 'Another outcome of this transaction was reported before',
      remedy: 'An outcome is final: leave it as it is.',
    });
  }
  return stored;
}

/** @throws {InputError} `request-invalid` */
function assertPlausible({ occurredAt }: StoredTransaction, knownAt: Date, now: Date): void {
  const findings: Finding[] = [];
  if (knownAt < occurredAt) findings.push({ field: 'known_at', message: 'lies before the transaction' });
  if (knownAt.getTime() > now.getTime() + aheadMs) findings.push({ field: 'known_at', message: 'lies in the future' });
  if (findings.length > 0) throw new InputError('request-invalid', { details: { findings } });
}

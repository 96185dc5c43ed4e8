import { InputError, IntegrityError, RejectedError, SdpError } from '../../errors/index.ts';
import type { AccessRules } from '../access/index.ts';
import type { BusMessage } from '../bus-port.ts';
import type { ComplianceManager } from '../compliance/index.ts';
import { decodePayload, type PayloadContract } from '../contracts/index.ts';
import type { EnvelopeContext, OpenedEnvelope } from '../envelope/index.ts';
import { readContext } from '../message-headers.ts';
import { PoisonError } from '../poison-error.ts';
import type { SecurityManager } from '../security-manager.ts';
import type { Placement } from './placement.ts';

export interface OpenRules {
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager;
  readonly access?: AccessRules;
  readonly contracts: readonly PayloadContract[];
  /** Whose messages are taken; all tenants' where left out. */
  readonly tenants?: readonly string[];
  readonly placement?: Placement;
  /** Time allowed from sealing a message to the log's taking it. */
  readonly staleAfterMs: number;
  /** How much a sender's clock may be ahead of the log's. */
  readonly clockSkewMs: number;
}

export interface OpenedMessage {
  readonly context: EnvelopeContext;
  readonly envelope: OpenedEnvelope;
  readonly payload: unknown;
}

/**
 * Opens a message as strictly as it goes.
 *
 * @throws {PoisonError} with the reason for which it is refused
 */
export function openMessage(rules: OpenRules, message: BusMessage): OpenedMessage {
  try {
    return open(rules, message);
  } catch (error) {
    const isRefusal = error instanceof IntegrityError || error instanceof InputError || error instanceof RejectedError;
    throw isRefusal && error instanceof SdpError ? new PoisonError(error.code) : error;
  }
}

/** What an audit line may say of a message: nothing that wasn't verified, and nothing of its content. */
export function verifiedFields({ context, envelope }: OpenedMessage) {
  const { eventId, schemaId, tenant, replayOf } = context;
  const { keyId, signingKeyId, party } = envelope;
  return { eventId, schemaId, tenant, keyId, signingKeyId, party, ...(replayOf !== undefined && { replayOf }) };
}

function open(rules: OpenRules, message: BusMessage): OpenedMessage {
  const { security, compliance, contracts, tenants } = rules;
  const context = contextOf(message);
  const allowed = compliance?.signaturesOf(message.topic);
  const envelope = security.open(context, message.value, allowed, message.isOwn);
  rules.access?.assertAllowed(envelope.party, 'WRITE', message.topic);
  if (rules.placement?.isPlaced(message) === false) throw new IntegrityError('message-misplaced');
  assertFresh(rules, envelope.sealedAt, message.timestamp);
  if (tenants !== undefined && !tenants.includes(context.tenant)) throw new RejectedError('policy-violated');
  const payload = decodePayload(contracts, context.schemaId, envelope.plaintext);
  compliance?.check(message.topic, { payload, isSealed: true });
  return { context, envelope, payload };
}

/** A message without our headers is most likely plaintext, and is called so. */
export function contextOf(message: BusMessage): EnvelopeContext {
  try {
    return readContext(message);
  } catch (error) {
    if (Buffer.from(message.value.subarray(0, 4)).toString('latin1') !== 'SDPE')
      throw new IntegrityError('message-plaintext');
    throw error;
  }
}

/**
 * Measured from sealing to the log's taking it, by the log's clock, and not to now: a consumer that was down for a week finds
 * its backlog fresh, and what somebody repeats a week later stale. An operator's replay is sealed anew, so the age of what it repeats doesn't count; the replay's
 * own does, or it could be repeated for ever.
 */
function assertFresh({ staleAfterMs, clockSkewMs }: OpenRules, sealedAt: Date, loggedAt: Date): void {
  const ageMs = loggedAt.getTime() - sealedAt.getTime();
  if (ageMs > staleAfterMs || ageMs < -clockSkewMs) throw new IntegrityError('message-stale');
}

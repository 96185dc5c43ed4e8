import { SdpError } from '@sdp/shared/errors';
import {
  type AccessRules,
  type ComplianceManager,
  type MessageAuditEvent,
  nextSpan,
  type OutgoingMessage,
  readContext,
  readTrace,
  type SecurityManager,
  writeContext,
  writeTrace,
} from '@sdp/shared/messaging';
import type { KeptMessage } from '../message-lines.ts';

export interface ResealParts {
  readonly security: SecurityManager;
  readonly compliance: ComplianceManager;
  readonly access: AccessRules;
}

export interface ResealedKept {
  readonly message: OutgoingMessage;
  readonly eventId: string;
  readonly auditLine: MessageAuditEvent;
}

/** Opens kept messages of one topic and seals them anew, for the same topic or another, under ids that name the old ones. */
export class KeptSealer {
  readonly #parts: ResealParts;
  readonly #topic: string;
  readonly #into: string;

  /** @throws {RejectedError} `topic-forbidden`, `policy-violated` for a topic that the product may not write to */
  constructor(parts: ResealParts, topic: string, into: string) {
    this.#parts = parts;
    this.#topic = topic;
    this.#into = into;
    parts.access.assertAllowed(parts.security.keys.party, 'WRITE', into);
    parts.compliance.policyOf(into);
  }

  /** @returns undefined for what a consumer of its topic would refuse: it can't be opened, or may not be there */
  async reseal(kept: KeptMessage, eventId: string): Promise<ResealedKept | undefined> {
    const { security, compliance, access } = this.#parts;
    try {
      const was = readContext({ topic: this.#topic, key: kept.key, headers: kept.headers });
      const { party, plaintext } = security.open(was, kept.value);
      // Sealed anew it bears our own signature: what its sender may not write, we must not write for him.
      access.assertAllowed(party, 'WRITE', this.#topic);
      compliance.check(this.#into, { payload: JSON.parse(plaintext.toString('utf8')), isSealed: true });
      const replayOf = was.replayOf ?? was.eventId;
      const context = { ...was, topic: this.#into, eventId, replayOf };
      const value = await security.seal(context, plaintext);
      const headers = { ...writeContext(context), ...writeTrace(nextSpan(readTrace(kept.headers))) };
      const { schemaId, tenant } = was;
      return {
        message: { key: kept.key, value, headers },
        eventId,
        auditLine: {
          ...{ action: 'replayed', at: new Date(), topic: this.#into, eventId, replayOf, schemaId, tenant },
          ...{ party: security.keys.party, offset: kept.offset },
        },
      };
    } catch (error) {
      const isRefusal = error instanceof SyntaxError || (error instanceof SdpError && refusals.has(error.kind));
      if (isRefusal) return undefined;
      throw error;
    }
  }
}

const refusals: ReadonlySet<string> = new Set(['integrity', 'input', 'rejected']);

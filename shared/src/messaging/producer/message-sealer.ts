import { randomId } from '../../crypto/index.ts';
import { InputError } from '../../errors/index.ts';
import type { AccessRules } from '../access/index.ts';
import type { OutgoingMessage } from '../bus-port.ts';
import type { ComplianceManager } from '../compliance/index.ts';
import { encodePayload, type PayloadContract, schemaIdOf } from '../contracts/index.ts';
import type { EnvelopeContext } from '../envelope/index.ts';
import { isMessageName, writeContext } from '../message-headers.ts';
import type { MessageAuditEvent } from '../ports/index.ts';
import type { SecurityManager } from '../security-manager.ts';
import { nextSpan, type TraceContext, writeTrace } from '../trace-context.ts';

/** An event to be sent. */
export interface Sending<T = unknown> {
  /** Events with one key keep the order of calls that wait for one another, and the order within a batch. */
  readonly key: string;
  readonly contract: PayloadContract<T>;
  readonly payload: T;
  /** Names the event for ever: sent again, it has no second effect. A random one where left out. */
  readonly eventId?: string;
  readonly tenant?: string;
  /** The request or message that this one follows from. */
  readonly trace?: TraceContext;
}

export interface MessageSealerOptions {
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager;
  /** Checked for the party of the key ring. */
  readonly access?: AccessRules;
  /** Whose messages these are, where a message doesn't say otherwise. */
  readonly tenant?: string;
}

/** An event that was checked and waits to be sealed. */
export interface PreparedMessage {
  readonly context: EnvelopeContext;
  readonly plaintext: Buffer;
  readonly trace: TraceContext;
}

/** Makes messages for the bus of events: checked against contract, policy and access rules, then sealed and signed. */
export class MessageSealer {
  readonly #options: MessageSealerOptions;

  constructor(options: MessageSealerOptions) {
    this.#options = options;
  }

  /** @throws {RejectedError} `topic-forbidden` where the party of the key ring may not write there */
  assertWritable(topic: string): void {
    this.#options.access?.assertAllowed(this.#options.security.keys.party, 'WRITE', topic);
  }

  /**
   * Checks an event and encodes its payload.
   *
   * @throws {InputError} `message-invalid`: payload, event id or tenant are not as they must be
   * @throws {RejectedError} `policy-violated`
   */
  prepare(topic: string, sending: Sending): PreparedMessage {
    const { key, contract, payload, eventId = randomId(), tenant = this.#options.tenant ?? '' } = sending;
    if (!isMessageName(eventId) || !isMessageName(tenant)) {
      throw new InputError('message-invalid', {
        message: 'The event id or the tenant is not 1 to 200 visible ASCII characters',
      });
    }
    const plaintext = encodePayload(contract, payload);
    // What a policy speaks of is looked for in what is sent, not in what was given.
    const { compliance } = this.#options;
    if (compliance?.hasFieldRules(topic))
      compliance.check(topic, { payload: JSON.parse(plaintext.toString('utf8')), isSealed: true });
    return {
      context: { topic, key, schemaId: schemaIdOf(contract), eventId, tenant },
      plaintext,
      trace: nextSpan(sending.trace),
    };
  }

  /**
   * Under an Ed25519 key one signature covers all of them.
   *
   * @throws {ConfigError} `message-key-missing`, `message-key-exhausted`
   */
  async seal(prepared: readonly PreparedMessage[]): Promise<OutgoingMessage[]> {
    const { security } = this.#options;
    const [first] = prepared;
    // A signature of its own is smaller than a tree's of one leaf.
    const sealed =
      prepared.length === 1 && first !== undefined
        ? [await security.seal(first.context, first.plaintext)]
        : await security.sealBatch(prepared);
    return prepared.map(({ context, trace }, i) => ({
      key: context.key,
      value: sealed[i] as Buffer,
      headers: Object.assign(writeContext(context), writeTrace(trace)),
    }));
  }

  /** The line of an audit trail for an event that was sent. */
  auditLine({ context: { topic, eventId, schemaId, tenant } }: PreparedMessage): MessageAuditEvent {
    const { party } = this.#options.security.keys;
    return { action: 'sent', at: new Date(), topic, eventId, schemaId, tenant, party };
  }
}

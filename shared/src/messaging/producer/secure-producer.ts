import { randomId } from '../../crypto/index.ts';
import { ConfigError, InputError, SdpError, UnavailableError } from '../../errors/index.ts';
import type { AccessRules } from '../access/index.ts';
import type { BusPort, OutgoingMessage } from '../bus-port.ts';
import type { ComplianceManager } from '../compliance/index.ts';
import { encodePayload, type PayloadContract, schemaIdOf } from '../contracts/index.ts';
import type { EnvelopeContext } from '../envelope/index.ts';
import { isMessageName, writeContext } from '../message-headers.ts';
import { type MessageAudit, type MessageMetrics, noAudit, noMetrics } from '../ports/index.ts';
import { ByteBudget, type Circuit, Publisher, type PublisherOptions } from '../resilience/index.ts';
import type { SecurityManager } from '../security-manager.ts';
import { nextSpan, type TraceContext, writeTrace } from '../trace-context.ts';

export interface SecureProducerOptions {
  readonly bus: BusPort;
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager;
  /** Checked for the party of the key ring. */
  readonly access?: AccessRules;
  /** Whose messages these are, where a message doesn't say otherwise. */
  readonly tenant: string;
  readonly audit?: MessageAudit;
  readonly metrics?: MessageMetrics;
  readonly publisher?: PublisherOptions;
  /** Bound on payload bytes under way; whoever sends more waits. 32 MiB where left out. */
  readonly maxBytesInFlight?: number;
  /** After waiting this long a call is turned away; 30 s where left out. */
  readonly maxWaitMs?: number;
}

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

export interface Sent {
  readonly eventId: string;
}

interface Prepared {
  readonly context: EnvelopeContext;
  readonly plaintext: Buffer;
  readonly trace: TraceContext;
}

/** Sends events that are checked against contract and policy, sealed and signed. */
export class SecureProducer {
  readonly #options: SecureProducerOptions;
  readonly #publisher: Publisher;
  readonly #budget: ByteBudget;
  readonly #audit: MessageAudit;
  readonly #metrics: MessageMetrics;
  readonly #underWay = new Set<Promise<unknown>>();
  #state: 'new' | 'connected' | 'closed' = 'new';

  constructor(options: SecureProducerOptions) {
    this.#options = options;
    this.#publisher = new Publisher(options.bus, options.publisher);
    this.#budget = new ByteBudget(options.maxBytesInFlight ?? 32 * 1024 * 1024, options.maxWaitMs ?? 30_000);
    this.#audit = options.audit ?? noAudit;
    this.#metrics = options.metrics ?? noMetrics;
  }

  /**
   * Checks that there are keys to seal and sign with, and that the bus answers.
   *
   * @throws {ConfigError} `message-key-missing`, `message-key-exhausted`
   * @throws {UnavailableError} `bus-unavailable`
   */
  async connect(): Promise<void> {
    if (!isMessageName(this.#options.tenant))
      throw new ConfigError('config-invalid', { message: 'The tenant is not valid' });
    await this.#options.security.keys.sealer(0);
    await this.#options.bus.check();
    this.#state = 'connected';
  }

  /**
   * Resolves once the event is durable.
   *
   * @throws {InputError} `message-invalid`: payload, event id or tenant are not as they must be
   * @throws {RejectedError} `policy-violated`, `topic-forbidden`, `payload-too-large`
   * @throws {ConfigError} `message-key-exhausted`
   * @throws {UnavailableError} `bus-unavailable`, `producer-busy`
   */
  async sendMessage<T>(topic: string, sending: Sending<T>): Promise<Sent> {
    const [sent] = await this.sendBatch(topic, [sending as Sending]);
    return sent as Sent;
  }

  /** Sends all or, if one doesn't fit its contract or policy, none. Under an Ed25519 key one signature covers them. @throws as {@link sendMessage} */
  async sendBatch(topic: string, sendings: readonly Sending[]): Promise<readonly Sent[]> {
    if (this.#state !== 'connected') {
      throw new UnavailableError('bus-unavailable', { message: 'The producer is not connected' });
    }
    const sending = this.#send(topic, sendings);
    this.#underWay.add(sending);
    try {
      return await sending;
    } catch (error) {
      this.#metrics.sendFailed(topic, error instanceof SdpError ? error.code : 'internal');
      throw error;
    } finally {
      this.#underWay.delete(sending);
    }
  }

  health(): {
    readonly status: 'ok' | 'degraded' | 'closed';
    readonly circuit: Circuit;
    readonly bytesInFlight: number;
  } {
    const { circuit } = this.#publisher;
    const status =
      this.#state === 'closed' ? 'closed' : circuit === 'closed' && this.#state === 'connected' ? 'ok' : 'degraded';
    return { status, circuit, bytesInFlight: this.#budget.usedBytes };
  }

  /** Takes no further event and waits for those under way. The bus stays open. */
  async close(): Promise<void> {
    this.#state = 'closed';
    await Promise.allSettled(this.#underWay);
  }

  async #send(topic: string, sendings: readonly Sending[]): Promise<readonly Sent[]> {
    const startedAt = performance.now();
    this.#options.access?.assertAllowed(this.#options.security.keys.party, 'WRITE', topic);
    const prepared = sendings.map((sending) => this.#prepare(topic, sending));
    const bytes = prepared.reduce((sum, { plaintext }) => sum + plaintext.length, 0);
    await this.#budget.use(bytes, async () => {
      await this.#publisher.publish(topic, await this.#seal(prepared));
    });
    if (this.#audit !== noAudit) for (const { context } of prepared) await this.#record(context);
    this.#metrics.sent(topic, prepared.length, bytes, (performance.now() - startedAt) / 1_000);
    return prepared.map(({ context: { eventId } }) => ({ eventId }));
  }

  #prepare(topic: string, sending: Sending): Prepared {
    const { key, contract, payload, eventId = randomId(), tenant = this.#options.tenant } = sending;
    if (!isMessageName(eventId) || !isMessageName(tenant)) {
      throw new InputError('message-invalid', {
        message: 'The event id or the tenant is not 1 to 200 visible ASCII characters',
      });
    }
    const plaintext = encodePayload(contract, payload);
    this.#options.compliance?.check(topic, { payload: JSON.parse(plaintext.toString('utf8')), isSealed: true });
    return {
      context: { topic, key, schemaId: schemaIdOf(contract), eventId, tenant },
      plaintext,
      trace: nextSpan(sending.trace),
    };
  }

  async #seal(prepared: readonly Prepared[]): Promise<OutgoingMessage[]> {
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
      headers: { ...writeContext(context), ...writeTrace(trace) },
    }));
  }

  async #record({ topic, eventId, schemaId, tenant }: EnvelopeContext): Promise<void> {
    const { party } = this.#options.security.keys;
    await this.#audit.record({ action: 'sent', at: new Date(), topic, eventId, schemaId, tenant, party });
  }
}

import { ConfigError, SdpError, UnavailableError } from '../../errors/index.ts';
import type { BusPort } from '../bus-port.ts';
import { isMessageName } from '../message-headers.ts';
import { type MessageAudit, type MessageMetrics, noAudit, noMetrics, recordAll } from '../ports/index.ts';
import { ByteBudget, type Circuit, Publisher, type PublisherOptions } from '../resilience/index.ts';
import { MessageSealer, type MessageSealerOptions, type Sending } from './message-sealer.ts';

export interface SecureProducerOptions extends MessageSealerOptions {
  readonly bus: BusPort;
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

export interface Sent {
  readonly eventId: string;
}

/** Sends events that are checked against contract and policy, sealed and signed. */
export class SecureProducer {
  readonly #options: SecureProducerOptions;
  readonly #sealer: MessageSealer;
  readonly #publisher: Publisher;
  readonly #budget: ByteBudget;
  readonly #audit: MessageAudit;
  readonly #metrics: MessageMetrics;
  readonly #underWay = new Set<Promise<unknown>>();
  #state: 'new' | 'connected' | 'closed' = 'new';

  constructor(options: SecureProducerOptions) {
    this.#options = options;
    this.#sealer = new MessageSealer(options);
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
    this.#sealer.assertWritable(topic);
    const prepared = sendings.map((sending) => this.#sealer.prepare(topic, sending));
    const bytes = prepared.reduce((sum, { plaintext }) => sum + plaintext.length, 0);
    await this.#budget.use(bytes, async () => {
      await this.#publisher.publish(topic, await this.#sealer.seal(prepared));
    });
    if (this.#audit !== noAudit)
      await recordAll(
        this.#audit,
        prepared.map((each) => this.#sealer.auditLine(each)),
      );
    this.#metrics.sent(topic, prepared.length, bytes, (performance.now() - startedAt) / 1_000);
    return prepared.map(({ context: { eventId } }) => ({ eventId }));
  }
}

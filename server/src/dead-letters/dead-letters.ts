import { createHash } from 'node:crypto';
import { type ErrorCode, errorRegistry, IntegrityError, RejectedError, SdpError } from '@sdp/shared/errors';
import {
  type AccessRules,
  type BusMessage,
  type BusPort,
  type ComplianceManager,
  deadLetterTopic,
  type EnvelopeContext,
  type MessageAudit,
  type OpenedEnvelope,
  openDeadLetter,
  resealDeadLetter,
  type SecurityManager,
} from '@sdp/shared/messaging';
import type { TopicReader } from '../bus/index.ts';
import { type DeadLetter, type LetterPlace, readDeadLetter } from './dead-letter.ts';
import { type Decision, type DecisionStore, keyOf, placeOf } from './decision-store.ts';

export interface DeadLettersOptions {
  readonly bus: Pick<BusPort, 'publish'>;
  readonly reader: TopicReader;
  readonly decisions: DecisionStore;
  readonly security: SecurityManager;
  readonly compliance: ComplianceManager;
  readonly access: AccessRules;
  readonly audit: MessageAudit;
}

export interface DecidedLetter extends DeadLetter {
  readonly decision: Decision | undefined;
}

export interface LetterFilter {
  readonly code?: string | undefined;
  /** Also those that were replayed or discarded. */
  readonly all?: boolean;
}

/** What can be known of a letter's original. */
export interface Original {
  readonly context: EnvelopeContext;
  readonly envelope: OpenedEnvelope;
  /** As a log may have it. */
  readonly masked: unknown;
}

export interface ReplayOptions {
  /** Also letters of which the audit trail knows nothing. */
  readonly unproven?: boolean;
}

/** Messages that were refused or given up, for operators to look at, send again or put aside. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #buried = new Map<string, Promise<ReadonlyMap<string, readonly string[]>>>();

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Names of the dead-letter topics that are there. @throws {UnavailableError} `bus-unavailable` */
  async topics(): Promise<string[]> {
    const ending = deadLetterTopic('');
    return (await this.#options.reader.topics()).filter((topic) => topic.endsWith(ending)).toSorted();
  }

  /** The letters of a topic in order; many, so they come one after the other. */
  async *letters(topic: string, { code, all = false }: LetterFilter = {}): AsyncGenerator<DecidedLetter> {
    const { reader, decisions } = this.#options;
    const decided = await decisions.all(topic);
    for (const { partition, first, end } of await reader.ranges(topic)) {
      for await (const messages of reader.read(topic, partition, first, end)) {
        for (const message of messages) {
          const letter = { ...readDeadLetter(message), decision: decided.get(keyOf(message)) };
          const isOpen = letter.decision === undefined || letter.decision.state === 'REPLAYING';
          if ((all || isOpen) && (code === undefined || code === letter.code)) yield letter;
        }
      }
    }
  }

  /** @throws {RejectedError} `not-found` */
  async find({ topic, partition, offset }: LetterPlace): Promise<DecidedLetter> {
    const { reader, decisions } = this.#options;
    for await (const [message] of reader.read(topic, partition, offset, offset + 1n)) {
      if (message !== undefined) return { ...readDeadLetter(message), decision: await decisions.find(message) };
    }
    throw new RejectedError('not-found', {
      message: 'There is no such letter, or its topic does not keep it any more',
      remedy: '`sdp-server dead-letters list` shows what there is.',
    });
  }

  /** The original, opened; undefined where it can't be. */
  original({ letter, source }: DeadLetter): Original | undefined {
    const { security, compliance } = this.#options;
    try {
      const { context, envelope } = openDeadLetter(security, letter);
      const payload = JSON.parse(envelope.plaintext.toString('utf8')) as unknown;
      return { context, envelope, masked: compliance.masked(source?.topic ?? '', payload) };
    } catch {
      return undefined;
    }
  }

  /** Why the letter can't be replayed; undefined where it can. */
  async obstacle(letter: DecidedLetter, options: ReplayOptions = {}): Promise<ErrorCode | undefined> {
    try {
      await this.#assertReplayable(letter, options);
      return undefined;
    } catch (error) {
      if (error instanceof SdpError) return error.code;
      throw error;
    }
  }

  /**
   * Sends the original again: sealed anew, under an id that belongs to this letter and names the old one. Told twice, even by
   * two operators at once, it has no second effect: the second is refused, or sends what consumers know as a repeat.
   *
   * @returns the id of the replay
   * @throws {IntegrityError} why the original doesn't open; `dead-letter-unproven`, `dead-letter-incomplete`
   * @throws {RejectedError} `dead-letter-decided`, `policy-violated`, `topic-forbidden`
   */
  async replay(letter: DecidedLetter, options: ReplayOptions = {}): Promise<string> {
    const { bus, decisions, security, audit } = this.#options;
    const eventId = replayId(letter.letter);
    try {
      await this.#assertReplayable(letter, options);
    } catch (error) {
      const wasSent = letter.decision?.state === 'REPLAYING' && error instanceof SdpError;
      if (!wasSent || error.code !== 'message-replayed') throw error;
      // The replay that was begun has arrived: only the note is missing.
      await decisions.endReplay(letter.letter);
      return eventId;
    }
    const resealed = await resealDeadLetter(security, letter.letter, { eventId });
    if (!(await decisions.beginReplay(letter.letter, eventId))) throw new RejectedError('dead-letter-decided');
    await bus.publish(resealed.topic, [resealed.message]);
    const { context } = resealed.original;
    await audit.record({
      ...{ action: 'replayed', at: new Date(), topic: resealed.topic, eventId, replayOf: resealed.replayOf },
      ...{ schemaId: context.schemaId, tenant: context.tenant, party: security.keys.party },
      ...(letter.source && { partition: letter.source.partition, offset: letter.source.offset }),
    });
    await decisions.endReplay(letter.letter);
    return eventId;
  }

  /** Puts a letter aside for good. @throws {RejectedError} `dead-letter-decided` */
  async discard({ letter, source, code }: DecidedLetter, reason: string): Promise<void> {
    const { decisions, audit } = this.#options;
    if (!(await decisions.discard(letter, reason))) throw new RejectedError('dead-letter-decided');
    const { topic, partition, offset } = source ?? letter;
    await audit.record({ action: 'discarded', at: new Date(), topic, partition, offset, ...knownCode(code) });
  }

  async #assertReplayable({ letter, source, decision, isIncomplete }: DecidedLetter, options: ReplayOptions) {
    const { security, access, compliance, decisions } = this.#options;
    if (decision !== undefined && decision.state !== 'REPLAYING') throw new RejectedError('dead-letter-decided');
    if (isIncomplete) throw new IntegrityError('dead-letter-incomplete');
    const { context, envelope } = openDeadLetter(security, letter);
    // Sealed anew it would bear our own signature: what its sender may not write, we must not write for him.
    access.assertAllowed(envelope.party, 'WRITE', context.topic);
    access.assertAllowed(security.keys.party, 'WRITE', context.topic);
    compliance.check(context.topic, { payload: parsed(envelope.plaintext), isSealed: true });
    if (letter.topic !== deadLetterTopic(context.topic)) throw new IntegrityError('message-malformed');
    // Anybody who may write dead letters could have put a copy of a message there that was handled long ago.
    const groups = (await this.#buriedIn(context.topic)).get(source === undefined ? '' : placeOf(source));
    if (groups === undefined && options.unproven !== true) throw new IntegrityError('dead-letter-unproven');
    if (await decisions.isApplied(groups ?? [], context.topic, context.tenant, context.eventId)) {
      throw new IntegrityError('message-replayed');
    }
  }

  /** Asked for once: a command looks at all letters of a topic. */
  #buriedIn(topic: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const buried = this.#buried.get(topic) ?? this.#options.decisions.buried(topic);
    this.#buried.set(topic, buried);
    return buried;
  }
}

function parsed(plaintext: Buffer): unknown {
  try {
    return JSON.parse(plaintext.toString('utf8'));
  } catch {
    throw new IntegrityError('message-malformed');
  }
}

/** The same for the same letter, so that a replay that was begun twice is one event. */
function replayId({ topic, partition, offset, timestamp }: BusMessage): string {
  const place = JSON.stringify([topic, partition, String(offset), timestamp.getTime()]);
  return `replay-${createHash('sha256').update(place).digest('hex').slice(0, 32)}`;
}

function knownCode(code: string): { readonly code?: ErrorCode } {
  return Object.hasOwn(errorRegistry, code) ? { code: code as ErrorCode } : {};
}

import { RejectedError } from '../../errors/index.ts';
import type { BusMessage, DeadLetterReason } from '../bus-port.ts';
import {
  assertSameContent,
  type EventIdentity,
  identityOf,
  type OpenedMessage,
  type OpenRules,
  openMessage,
  toGenuineMessage,
  verifiedFields,
} from '../consumer/index.ts';
import { PoisonError } from '../poison-error.ts';
import {
  type MessageAction,
  type MessageAudit,
  type MessageAuditEvent,
  type MessageMetrics,
  noAudit,
  recordAll,
} from '../ports/index.ts';
import type { MessageSealer, PreparedMessage } from '../producer/index.ts';
import type { AssignedPartition, StageBatch, StageOutput, StageResult } from '../stage-port.ts';
import { attemptDivided } from './divided-attempts.ts';
import { StageMemory } from './stage-memory.ts';
import type { StageMessage, StagePlan, StageWork } from './stage-plan.ts';

export interface TopicStageOptions {
  readonly group: string;
  readonly rules: OpenRules;
  readonly sealer: MessageSealer;
  readonly audit: MessageAudit;
  readonly metrics: MessageMetrics;
  readonly rememberedEvents: number;
  /** Bound on the payload of an event that is sent. */
  readonly maxEventBytes: number;
  readonly onDeadLetter: (message: BusMessage, reason: DeadLetterReason) => void;
}

/** A message that was opened, on its way through its batch. */
interface Entry {
  readonly key: string;
  readonly bus: BusMessage;
  readonly opened: OpenedMessage;
  readonly identity: EventIdentity;
  readonly message: StageMessage;
  /** The same event once more in the same batch: what becomes of the first becomes of them. */
  readonly copies: Entry[];
}

interface Letter {
  readonly action: 'refused' | 'failed';
  readonly message: BusMessage;
  readonly opened?: OpenedMessage;
  readonly reason: DeadLetterReason;
}

interface Intake {
  readonly fresh: Entry[];
  readonly repeats: Entry[];
  readonly letters: Letter[];
}

/** Work whose events are checked and encoded. */
interface PreparedWork extends Pick<StageWork, 'write' | 'statement'> {
  readonly events: readonly PreparedMessage[];
  readonly failed: readonly Failure[];
}

interface Failure {
  readonly message: Entry;
  readonly reason: DeadLetterReason;
}

const defaultRetry = { maxAttempts: 3, initialDelayMs: 10, maxDelayMs: 100 };

/** The way of a topic's batches: opened, held to all rules, handled, and what follows from them sealed. */
export class TopicStage {
  readonly #plan: StagePlan;
  readonly #options: TopicStageOptions;
  readonly #memory: StageMemory;
  #begunAt: number | undefined;
  #hasMoved = false;
  #isFailing = false;
  #lastDoneAt: Date | undefined;

  constructor(plan: StagePlan, options: TopicStageOptions) {
    this.#plan = plan;
    this.#options = options;
    const { rules, rememberedEvents } = options;
    this.#memory = new StageMemory({ rules, maxEvents: rememberedEvents });
  }

  /** Whether the last batch could not be handled and waits to be tried again. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  get lastDoneAt(): Date | undefined {
    return this.#lastDoneAt;
  }

  /** Whether anything was begun or done since this was last asked, or is in hand and not for longer than `longestMs`. */
  hasMoved(longestMs: number): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved || (this.#begunAt !== undefined && performance.now() - this.#begunAt < longestMs);
  }

  async handle(batch: StageBatch): Promise<StageResult> {
    this.#begunAt = performance.now();
    this.#hasMoved = true;
    try {
      const result = await this.#handle(batch);
      this.#isFailing = false;
      this.#lastDoneAt = new Date();
      return result;
    } catch (error) {
      this.#isFailing = !batch.signal.aborted;
      throw error;
    } finally {
      this.#begunAt = undefined;
      this.#hasMoved = true;
    }
  }

  async assigned(partition: AssignedPartition): Promise<void> {
    this.#hasMoved = true;
    await this.#memory.rebuild(partition);
    await this.#plan.restore?.(partition.partition, partition.nextOffset, (from) => this.#readSettled(partition, from));
    this.#hasMoved = true;
  }

  settled(partition: number, nextOffset: bigint): void {
    this.#plan.settled?.(partition, nextOffset);
  }

  async handOver(partition: number): Promise<void> {
    await this.#plan.handOver?.(partition);
  }

  revoked(partition: number): void {
    this.#memory.forget(partition);
    this.#plan.drop?.(partition);
  }

  async #handle({ messages, signal }: StageBatch): Promise<StageResult> {
    const { topic, retry = defaultRetry } = this.#plan;
    const intake = this.#takeIn(messages);
    const attempted = await attemptDivided(
      intake.fresh,
      {
        handle: (entries, aborting) => this.#attempt(entries, aborting),
        retry,
        onRetry: (count) => {
          for (let i = 0; i < count; i++) this.#options.metrics.retried(topic);
        },
      },
      signal,
    );
    const failures = [...attempted.failed, ...attempted.works.flatMap(({ failed }) => failed)];
    const letters = [...intake.letters, ...failures.flatMap(lettersOf)];
    const dead = new Set(letters.map(({ message }) => message));
    const handled = intake.fresh.filter(({ bus }) => !dead.has(bus));
    const events = attempted.works.flatMap((work) => work.events);
    const outputs = await this.#seal(events);
    const repeats = [...intake.repeats, ...handled.flatMap(({ copies }) => copies)];
    await this.#record(handled, repeats, letters, events);
    this.#count(handled, repeats, letters, outputs);
    // When nothing can fail any more: what is remembered has no effect when the batch comes again.
    for (const { identity, bus, opened } of handled) this.#memory.remember(identity, bus, opened.envelope.sealedAt);
    // Sealed anew they may be copied for longer; that says nothing of what became of the first.
    for (const { identity, bus, opened } of repeats)
      this.#memory.remember(identity, bus, opened.envelope.sealedAt, true);
    const writes = attempted.works.flatMap(({ write }) => write ?? []);
    // Of a batch that was handled in parts, each part has its own.
    const statement = attempted.works.length === 1 ? attempted.works[0]?.statement : undefined;
    return {
      outputs,
      deadLetters: letters.map(({ message, reason }) => ({ message, reason })),
      ...(writes.length > 0 && {
        write: async (transaction) => {
          for (const write of writes) await write(transaction);
        },
      }),
      ...(statement !== undefined && { statement }),
    };
  }

  #takeIn(messages: readonly BusMessage[]): Intake {
    const intake: Intake = { fresh: [], repeats: [], letters: [] };
    const inBatch = new Map<string, Entry>();
    for (const bus of messages) {
      let opened: OpenedMessage | undefined;
      try {
        opened = openMessage(this.#options.rules, bus);
        this.#sort(bus, opened, inBatch, intake);
      } catch (error) {
        // Anything else is the message's fault too: nothing outside is asked here.
        const code = error instanceof PoisonError ? error.code : 'internal';
        const reason = { code, attempts: 1 };
        intake.letters.push({ action: 'refused', message: bus, reason, ...(opened && { opened }) });
      }
    }
    return intake;
  }

  /** @throws {PoisonError} `message-id-reused` */
  #sort(bus: BusMessage, opened: OpenedMessage, inBatch: Map<string, Entry>, intake: Intake): void {
    const identity = identityOf(this.#options.rules.security.keys, opened);
    const first = identity.ids.map((id) => inBatch.get(id)).find((entry) => entry !== undefined);
    if (first !== undefined) assertSameContent(first.identity, identity);
    const isRepeat = first !== undefined || this.#memory.knows(identity);
    const message: StageMessage = Object.assign(toGenuineMessage(bus, opened), { isRepeat });
    const entry: Entry = { key: bus.key, bus, opened, identity, message, copies: [] };
    if (isRepeat && this.#plan.repeats !== 'deliver') {
      (first?.copies ?? intake.repeats).push(entry);
      return;
    }
    if (first === undefined) for (const id of identity.ids) inBatch.set(id, entry);
    intake.fresh.push(entry);
  }

  /** Events are prepared here: one that doesn't fit its contract, or the bus, is the fault of a message of this part. */
  async #attempt(entries: readonly Entry[], signal: AbortSignal): Promise<PreparedWork> {
    const byMessage = new Map(entries.map((entry) => [entry.message, entry]));
    const work = await this.#plan.handle([...byMessage.keys()], signal);
    const failed = (work.failed ?? []).map(({ message, code }) => {
      const entry = byMessage.get(message);
      if (entry === undefined) throw new RangeError('A message that failed must be one of the batch.');
      return { message: entry, reason: { code, attempts: 1 } };
    });
    const events = (work.outputs ?? []).flatMap(({ topic, sendings }) =>
      sendings.map((sending) => this.#options.sealer.prepare(topic, sending)),
    );
    const isTooLarge = events.some(({ plaintext }) => plaintext.length > this.#options.maxEventBytes);
    if (isTooLarge) throw new RejectedError('payload-too-large');
    const { write, statement } = work;
    return { events, failed, ...(write && { write }), ...(statement && { statement }) };
  }

  async #seal(events: readonly PreparedMessage[]): Promise<StageOutput[]> {
    const byTopic = Map.groupBy(events, ({ context }) => context.topic);
    const outputs: StageOutput[] = [];
    for (const [topic, prepared] of byTopic) {
      this.#options.sealer.assertWritable(topic);
      outputs.push({ topic, messages: await this.#options.sealer.seal(prepared) });
    }
    return outputs;
  }

  /** Before the batch is stored: nothing is settled without its line. Lines of a batch that could not be stored come again. */
  async #record(
    handled: readonly Entry[],
    repeats: readonly Entry[],
    letters: readonly Letter[],
    events: readonly PreparedMessage[],
  ): Promise<void> {
    const { audit, sealer } = this.#options;
    if (audit === noAudit) return;
    const lines = [
      ...letters.map(({ action, message, opened, reason }) => this.#line(action, message, opened, reason)),
      ...handled.map(({ bus, opened }) => this.#line('received', bus, opened)),
      ...repeats.map(({ bus, opened }) => this.#line('repeated', bus, opened)),
      ...events.map((event) => sealer.auditLine(event)),
    ];
    await recordAll(audit, lines);
  }

  #line(
    action: MessageAction,
    { topic, partition, offset }: BusMessage,
    opened: OpenedMessage | undefined,
    reason?: DeadLetterReason,
  ): MessageAuditEvent {
    return {
      ...{ action, at: new Date(), topic, group: this.#options.group, partition, offset },
      ...(reason !== undefined && { code: reason.code }),
      ...(opened !== undefined && verifiedFields(opened)),
    };
  }

  #count(
    handled: readonly Entry[],
    repeats: readonly Entry[],
    letters: readonly Letter[],
    outputs: readonly StageOutput[],
  ): void {
    const { metrics, onDeadLetter } = this.#options;
    const { topic } = this.#plan;
    const now = Date.now();
    for (const { bus } of handled) {
      metrics.received(topic, bus.value.byteLength, Math.max(0, now - bus.timestamp.getTime()) / 1_000);
    }
    for (const _ of repeats) metrics.repeated(topic);
    for (const { action, message, reason } of letters) {
      metrics.deadLettered(topic, reason.code);
      if (action === 'refused') metrics.refused(topic, reason.code);
      onDeadLetter(message, reason);
    }
    for (const output of outputs) {
      const bytes = output.messages.reduce((sum, { value }) => sum + value.byteLength, 0);
      metrics.sent(output.topic, output.messages.length, bytes);
    }
  }

  async *#readSettled(assigned: AssignedPartition, from: bigint): AsyncGenerator<StageMessage[]> {
    for await (const messages of assigned.read(from)) {
      yield messages.flatMap((message) => {
        try {
          const opened = openMessage(this.#options.rules, message);
          return [Object.assign(toGenuineMessage(message, opened), { isRepeat: false })];
        } catch {
          return [];
        }
      });
    }
  }
}

function lettersOf({ message: entry, reason }: Failure): Letter[] {
  return [entry, ...entry.copies].map(({ bus, opened }) => ({ action: 'failed', message: bus, opened, reason }));
}

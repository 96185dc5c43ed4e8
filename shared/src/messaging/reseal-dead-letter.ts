import { randomId } from '../crypto/index.ts';
import { IntegrityError } from '../errors/index.ts';
import type { BusMessage, OutgoingMessage } from './bus-port.ts';
import { contextOf } from './consumer/open-message.ts';
import type { EnvelopeContext, OpenedEnvelope } from './envelope/index.ts';
import { deadLetterHeaders, writeContext } from './message-headers.ts';
import type { SecurityManager } from './security-manager.ts';
import { nextSpan, readTrace, writeTrace } from './trace-context.ts';

export interface Resealed {
  /** Where the message came from and goes again. */
  readonly topic: string;
  readonly message: OutgoingMessage;
  readonly eventId: string;
  /** The event that it repeats: the first one, if that was a replay itself. */
  readonly replayOf: string;
  /** Of the original, as it was verified. */
  readonly original: { readonly context: EnvelopeContext; readonly envelope: OpenedEnvelope };
}

export interface ResealOptions {
  /** Of the replay; a random one where left out. One made from the letter's place makes a repeated replay a repetition. */
  readonly eventId?: string;
}

/**
 * Makes an operator's replay of a dead letter: the original, if it opens where it came from, sealed anew under a new id that
 * names the old one. What can't be opened can't be replayed.
 *
 * @throws {IntegrityError} `message-malformed` for what is no dead letter; why the original doesn't open
 * @throws {ConfigError} `message-key-missing`, `message-key-exhausted`
 */
export async function resealDeadLetter(
  security: SecurityManager,
  letter: BusMessage,
  { eventId = randomId() }: ResealOptions = {},
): Promise<Resealed> {
  const { context: was, envelope } = openDeadLetter(security, letter);
  const replayOf = was.replayOf ?? was.eventId;
  const context = { ...was, eventId, replayOf };
  const value = await security.seal(context, envelope.plaintext);
  const headers = { ...writeContext(context), ...writeTrace(nextSpan(readTrace(letter.headers))) };
  const message = { key: letter.key, value, headers };
  return { topic: was.topic, message, eventId, replayOf, original: { context: was, envelope } };
}

/**
 * Opens the original of a dead letter for the place that it was sealed for.
 *
 * @throws {IntegrityError} `message-malformed` for what is no dead letter; why the original doesn't open
 */
export function openDeadLetter(
  security: SecurityManager,
  letter: BusMessage,
): { readonly context: EnvelopeContext; readonly envelope: OpenedEnvelope } {
  const topic = letter.headers[deadLetterHeaders.topic];
  if (topic === undefined) throw new IntegrityError('message-malformed');
  const context = contextOf({ ...letter, topic });
  return { context, envelope: security.open(context, letter.value) };
}

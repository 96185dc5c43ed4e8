import { randomId } from '../crypto/index.ts';
import { IntegrityError } from '../errors/index.ts';
import type { BusMessage, OutgoingMessage } from './bus-port.ts';
import { deadLetterHeaders, readContext, writeContext } from './message-headers.ts';
import type { SecurityManager } from './security-manager.ts';
import { nextSpan, readTrace, writeTrace } from './trace-context.ts';

export interface Resealed {
  /** Where the message came from and goes again. */
  readonly topic: string;
  readonly message: OutgoingMessage;
  readonly eventId: string;
  /** The event that it repeats: the first one, if that was a replay itself. */
  readonly replayOf: string;
}

/**
 * Makes an operator's replay of a dead letter: the original, if it opens where it came from, sealed anew under a new id that
 * names the old one. What can't be opened can't be replayed.
 *
 * @throws {IntegrityError} `message-malformed` for what is no dead letter; why the original doesn't open
 * @throws {ConfigError} `message-key-missing`, `message-key-exhausted`
 */
export async function resealDeadLetter(security: SecurityManager, letter: BusMessage): Promise<Resealed> {
  const topic = letter.headers[deadLetterHeaders.topic];
  if (topic === undefined) throw new IntegrityError('message-malformed');
  const original = readContext({ ...letter, topic });
  const { plaintext } = security.open(original, letter.value);
  const replayOf = original.replayOf ?? original.eventId;
  const context = { ...original, eventId: randomId(), replayOf };
  const value = await security.seal(context, plaintext);
  const headers = { ...writeContext(context), ...writeTrace(nextSpan(readTrace(letter.headers))) };
  return { topic, message: { key: letter.key, value, headers }, eventId: context.eventId, replayOf };
}

import { lengthPrefixed } from '../../crypto/index.ts';
import type { BusMessage } from '../bus-port.ts';
import type { KeyRing } from '../keys/index.ts';
import { PoisonError } from '../poison-error.ts';
import type { OpenedMessage } from './open-message.ts';
import type { SeenEvent } from './replay-window.ts';

/** As what an event is remembered. */
export interface EventIdentity {
  /**
   * Its own id, and that of the event which it repeats, where an operator's replay does: it counts as both. Of the tenant's
   * own, since nobody may use up another tenant's ids; the tenant, a space and the id, neither of which holds a space.
   */
  readonly ids: readonly string[];
  /** Keyed digest of its content. */
  readonly digest: string;
}

const length = Buffer.alloc(4);

export function identityOf(keys: KeyRing, { context, envelope }: OpenedMessage): EventIdentity {
  const { key, schemaId, tenant, eventId, replayOf } = context;
  const { plaintext } = envelope;
  length.writeUInt32BE(plaintext.length);
  const digest = keys.contentDigest(lengthPrefixed(key, schemaId, tenant), length, plaintext);
  const id = `${tenant} ${eventId}`;
  return { ids: replayOf === undefined ? [id] : [id, `${tenant} ${replayOf}`], digest };
}

/** 128 bits: nobody finds two contents that agree in them, the less without the key. */
const comparedDigits = 32;

/**
 * Holds an event against one of the same id that was seen before: the same content makes it a repeat.
 *
 * @throws {PoisonError} `message-id-reused` for other content
 */
export function assertSameContent(seen: Pick<SeenEvent, 'digest'>, { digest }: EventIdentity): void {
  if (seen.digest.slice(0, comparedDigits) !== digest.slice(0, comparedDigits))
    throw new PoisonError('message-id-reused');
}

/** Whether the bus delivered one and the same message again, and not a copy of it. */
export function isSamePlace(seen: SeenEvent, { partition, offset }: BusMessage): boolean {
  return seen.partition === partition && seen.offset === offset;
}

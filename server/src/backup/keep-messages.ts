import { createHash } from 'node:crypto';
import type { ErrorCode } from '@sdp/shared/errors';
import type { BusMessage } from '@sdp/shared/messaging';
import type { BackupKeys } from './backup-keys.ts';
import type { BusKind, ChainHead, Standing } from './chain-rules.ts';
import { headOf } from './chain-tip.ts';
import { encodeEntry } from './manifest-entry.ts';
import { encodeMessages } from './message-lines.ts';
import { manifestName, objectName } from './object-name.ts';
import { sealObject } from './sealed-object.ts';
import type { BackupStore } from './store/backup-store.ts';

export interface KeepOptions {
  readonly store: BackupStore;
  readonly keys: BackupKeys;
  readonly bus: BusKind;
  /** Why consumers of the message's topic refuse it; undefined where it is genuine. */
  readonly refusalOf: (message: BusMessage) => ErrorCode | undefined;
}

export interface Kept {
  readonly head: ChainHead;
  readonly messages: number;
  readonly refused: number;
  /** As it lies in the store. */
  readonly bytes: number;
}

/**
 * Puts messages of one partition, in their order and at least one, into an object, and the object into the manifest. Resolves when both
 * are safe. What has the same messages and follows the same head is the same to the last byte, so doing it again changes nothing.
 *
 * @throws {UnavailableError} `backup-unavailable`
 */
export async function keepMessages(
  { store, keys, bus, refusalOf }: KeepOptions,
  { head, generation, from }: Standing,
  messages: readonly BusMessage[],
  signal: AbortSignal,
): Promise<Kept> {
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('An object holds at least one message.');
  const { topic, partition, offset: firstOffset } = first;
  const place = { topic, partition, generation, firstOffset, lastOffset: last.offset, firstAt: first.timestamp };
  const object = objectName(place);
  const { content, refused } = await encodeMessages(messages, refusalOf);
  const sealed = sealObject(keys, object, content);
  const sha256 = createHash('sha256').update(sealed).digest();
  signal.throwIfAborted();
  await store.put(object, sealed, sha256, signal);
  const sequence = (head?.sequence ?? 0) + 1;
  const times = messages.map(({ timestamp }) => timestamp.getTime());
  const { entry, bytes } = encodeEntry(keys, {
    ...{ topic, partition, sequence, bus, generation, object, refused },
    ...{ previous: head?.mac ?? null, previous_at: head?.lastAt.toISOString() ?? null },
    ...{ bytes: sealed.length, sha256: sha256.toString('hex'), messages: messages.length },
    ...{ from_offset: String(from), first_offset: String(firstOffset), last_offset: String(last.offset) },
    first_at: new Date(times.reduce((a, b) => Math.min(a, b))).toISOString(),
    last_at: new Date(times.reduce((a, b) => Math.max(a, b))).toISOString(),
  });
  signal.throwIfAborted();
  await store.put(manifestName(place, sequence), bytes, createHash('sha256').update(bytes).digest(), signal);
  return { head: headOf(entry), messages: messages.length, refused, bytes: sealed.length };
}

import { createHash } from 'node:crypto';
import { SdpError } from '@sdp/shared/errors';
import type { BackupKeys } from './backup-keys.ts';
import type { ManifestEntry } from './manifest-entry.ts';
import { decodeMessages, type KeptMessage } from './message-lines.ts';
import { openObject } from './sealed-object.ts';
import type { BackupStore } from './store/backup-store.ts';

/** What an object may be found to be. */
export const objectFaults = {
  'object-missing': 'the object is not there',
  'object-cut': 'the object is shorter or longer than what was written',
  'object-changed': 'the object has other bytes than what was written',
  'object-unreadable': 'the object does not open: sealed with another key, or for another place',
  'object-differs': 'the object does not hold the messages that the manifest names',
} as const;
export type ObjectFault = keyof typeof objectFaults;

/** Reads an object and holds it against its manifest entry, to the last message. @throws {UnavailableError} `backup-unavailable` */
export async function openKept(
  store: BackupStore,
  keys: BackupKeys,
  entry: ManifestEntry,
): Promise<{ readonly messages: readonly KeptMessage[] } | { readonly fault: ObjectFault }> {
  const sealed = await store.get(entry.object);
  if (sealed === undefined) return { fault: 'object-missing' };
  if (sealed.length !== entry.bytes) return { fault: 'object-cut' };
  if (createHash('sha256').update(sealed).digest('hex') !== entry.sha256) return { fault: 'object-changed' };
  try {
    const content = await decodeMessages(openObject(keys, entry.object, sealed));
    const isSame =
      content.topic === entry.topic && content.partition === entry.partition && fits(content.messages, entry);
    return isSame ? { messages: content.messages } : { fault: 'object-differs' };
  } catch (error) {
    if (error instanceof SdpError && error.kind === 'integrity') return { fault: 'object-unreadable' };
    throw error;
  }
}

function fits(messages: readonly KeptMessage[], entry: ManifestEntry): boolean {
  const [first, last] = [messages[0], messages.at(-1)];
  if (messages.length !== entry.messages || String(first?.offset) !== entry.first_offset) return false;
  if (String(last?.offset) !== entry.last_offset) return false;
  if (messages.filter(({ refused }) => refused !== undefined).length !== entry.refused) return false;
  return messages.every(({ offset }, i) => i === 0 || offset > (messages[i - 1]?.offset ?? 0n));
}

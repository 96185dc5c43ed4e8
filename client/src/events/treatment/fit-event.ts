import { eventLimits } from '@sdp/shared/contracts';
import type { DraftEvent } from './check-event.ts';
import { cutText } from './cut-text.ts';

/** Entries beyond what an event may have are left out, and this one says how many. */
const droppedName = 'dropped_entries';

/**
 * Brings an event within the bounds of its contract, for senders that know nothing of them: names get the characters that names
 * may have, long values are cut, and entries beyond the bound left out. To be called once identifiers were replaced: a cut or
 * respelled identifier would not be found any more.
 */
export function fitEvent(draft: DraftEvent): void {
  fitText(draft, 'event_id', eventLimits.idLength);
  fitText(draft, 'user_id', eventLimits.idLength);
  fitText(draft, 'host', eventLimits.hostLength);
  fitText(draft, 'source', eventLimits.idLength);
  fitEntries(draft, 'tags', eventLimits.tags, eventLimits.tagLength);
  fitEntries(draft, 'attributes', eventLimits.attributes, eventLimits.attributeLength);
  fitEntries(draft, 'metrics', eventLimits.metrics, 0);
}

function fitText(draft: DraftEvent, field: string, length: number): void {
  const value = draft[field];
  if (typeof value === 'string') draft[field] = cutText(value, length);
}

function fitEntries(draft: DraftEvent, field: string, most: number, length: number): void {
  const value = draft[field];
  if (typeof value !== 'object' || value === null) return;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
    fitName(name),
    typeof inner === 'string' ? cutText(inner, length) : inner,
  ]);
  const kept = new Map(entries.slice(0, entries.length > most ? most - 1 : most));
  if (entries.length > most && field !== 'metrics') {
    const dropped = entries.length - most + 1;
    kept.set(droppedName, field === 'tags' ? String(dropped) : dropped);
  }
  draft[field] = Object.fromEntries(kept);
}

/** A name as the contract has it. */
function fitName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_.:/@$-]/g, '_');
  const begun = /^[A-Za-z_@$]/.test(plain) ? plain : `_${plain}`;
  return begun === '__proto__' ? '_proto_' : begun.slice(0, eventLimits.nameLength);
}

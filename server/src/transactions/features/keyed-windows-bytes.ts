import { EventList, eventFields } from './event-list.ts';
import { KeyWindows } from './key-windows.ts';
import { KeyedWindows } from './keyed-windows.ts';
import { type SnapshotReader, type SnapshotWriter, snapshotInvalid } from './snapshot-bytes.ts';

export function writeKeyedWindows(writer: SnapshotWriter, keyed: KeyedWindows): void {
  writer.number(keyed.horizonMs);
  const entries = [...keyed.entries()];
  writer.count(entries.length);
  for (const [key, { lists }] of entries) {
    writer.text(key);
    const filled = lists.filter((list) => list.end > list.start);
    writer.count(filled.length);
    for (const list of filled) {
      writer.text(list.currency);
      writer.numbers(list.copy());
    }
  }
}

/** @throws {IntegrityError} `record-tampered` */
export function readKeyedWindows(reader: SnapshotReader): KeyedWindows {
  const horizonMs = reader.horizon();
  const keys = new Map<string, KeyWindows>();
  for (let left = reader.count(); left > 0; left -= 1) {
    const key = reader.text();
    const lists: EventList[] = [];
    const listCount = reader.count();
    for (let list = 0; list < listCount; list += 1) {
      const currency = reader.text();
      if (lists.some((other) => other.currency === currency)) throw snapshotInvalid();
      lists.push(new EventList(currency, readEvents(reader, horizonMs)));
    }
    if (lists.length === 0 || keys.has(key)) throw snapshotInvalid();
    keys.set(key, new KeyWindows(lists));
  }
  return new KeyedWindows(keys, horizonMs);
}

/** Events in order, of whole numbers, none forgotten already. */
function readEvents(reader: SnapshotReader, horizonMs: number): Float64Array {
  const values = reader.numbers(eventFields);
  let before = horizonMs;
  for (let at = 0; at < values.length; at += eventFields) {
    const [time, amount, id, peer] = values.subarray(at, at + eventFields) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const isInOrder = at === 0 ? time > before : time >= before;
    if (!isInOrder || !isWhole(time) || !isWhole(amount) || !isWhole(id) || !isWhole(peer)) throw snapshotInvalid();
    if (amount < 0) throw snapshotInvalid();
    before = time;
  }
  if (values.length === 0) throw snapshotInvalid();
  return values;
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value);
}

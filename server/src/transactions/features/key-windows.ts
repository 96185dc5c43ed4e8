import { EventList, type RangeTotal } from './event-list.ts';
import { PeerSet } from './peer-set.ts';
import { oneDayMs, windows } from './window-lengths.ts';

/** Transactions of a key (in each currency) among which other sides are told apart: more in 14 days is no person. */
export const rememberedPeers = 1_024;

/** One event as a list keeps it. */
export interface KeyEvent {
  readonly timeMs: number;
  readonly currency: string;
  /** In thousandths of the currency's unit, whole. */
  readonly amount: number;
  readonly id: number;
  /** The other side: the terminal for a customer, the customer for a terminal. */
  readonly peer: number;
}

/** What the windows of a key hold at an event, itself included. Amounts in thousandths. */
export interface WindowValues {
  /** Per window: transactions in any currency. */
  readonly counts: number[];
  /** Per window: sum and largest of the amounts in the event's currency. */
  readonly sums: number[];
  readonly maxima: number[];
  /** Since the latest other event; undefined where there is none in 14 days. */
  readonly sinceLastMs: number | undefined;
  /** Different other sides in a day, among the {@link rememberedPeers} newest. */
  readonly peersInDay: number;
  /** Whether the event's other side isn't among the {@link rememberedPeers} newest other events of 14 days. */
  readonly isNewPeer: boolean;
  /** The event's place in the list of its currency: [`from`, `to`) are the events of 14 days, `own` is itself. */
  readonly list: EventList;
  readonly from: number;
  readonly own: number;
  readonly to: number;
}

/** Different other sides of a day; emptied for each event. */
const peers = new PeerSet();

/** All events of one customer, card or terminal: a list for each currency, as amounts of different ones can't be summed. */
export class KeyWindows {
  /** One for each currency; nearly always a single one, so that looking through them is nothing. */
  readonly lists: EventList[];

  constructor(lists: EventList[] = []) {
    this.lists = lists;
  }

  #listOf(currency: string): EventList | undefined {
    for (const list of this.lists) if (list.currency === currency) return list;
    return undefined;
  }

  /** Whether the event is there already: same time and transaction. */
  has(event: KeyEvent): boolean {
    return (this.#listOf(event.currency)?.find(event.timeMs, event.id) ?? -1) >= 0;
  }

  insert(event: KeyEvent): void {
    let list = this.#listOf(event.currency);
    if (!list) {
      list = new EventList(event.currency);
      this.lists.push(list);
    }
    list.insert(event.timeMs, event.amount, event.id, event.peer);
  }

  /** Forgets the events up to and including `timeMs`. Returns whether none is left. */
  dropUntil(timeMs: number): boolean {
    let isSome = false;
    for (const list of this.lists) {
      list.dropUntil(timeMs);
      isSome ||= list.end > list.start;
    }
    return !isSome;
  }

  /** The windows of an event that is there. Events up to and including `horizonMs` don't count. */
  valuesAt(event: KeyEvent, horizonMs: number): WindowValues {
    const list = this.#listOf(event.currency) as EventList;
    const own = list.find(event.timeMs, event.id);
    const to = list.after(event.timeMs);
    const counts: number[] = [];
    const sums: number[] = [];
    const maxima: number[] = [];
    // Windows all end at the event, so each adds to the shorter one what it has more.
    const total: RangeTotal = { sum: 0, max: 0 };
    let from = to;
    for (const { lengthMs } of windows) {
      const begin = list.after(Math.max(event.timeMs - lengthMs, horizonMs));
      list.addTo(total, begin, from);
      from = begin;
      counts.push(to - begin);
      sums.push(total.sum);
      maxima.push(total.max);
    }
    let last = latestOther(list, from, to, own);
    peers.clear();
    peers.add(event.peer);
    let isNewPeer = peersOf(list, event, { from, to, own, horizonMs });
    // Hardly any key has a second currency.
    if (this.lists.length > 1) {
      for (const other of this.lists) {
        if (other === list) continue;
        const end = other.after(event.timeMs);
        let begin = end;
        for (const [index, { lengthMs }] of windows.entries()) {
          begin = other.after(Math.max(event.timeMs - lengthMs, horizonMs));
          counts[index] = (counts[index] as number) + end - begin;
        }
        last = Math.max(last, latestOther(other, begin, end, -1));
        isNewPeer = peersOf(other, event, { from: begin, to: end, own: -1, horizonMs }) && isNewPeer;
      }
    }
    const sinceLastMs = last === Number.NEGATIVE_INFINITY ? undefined : event.timeMs - last;
    return { counts, sums, maxima, sinceLastMs, peersInDay: peers.size, isNewPeer, list, from, own, to };
  }
}

interface PeerRange {
  readonly from: number;
  readonly to: number;
  readonly own: number;
  readonly horizonMs: number;
}

/** Adds those of the last day to `peers`; returns whether none in the range is the event's own other side. */
function peersOf(list: EventList, event: KeyEvent, range: PeerRange): boolean {
  const dayBegin = Math.max(event.timeMs - oneDayMs, range.horizonMs);
  let isNew = true;
  let left = rememberedPeers;
  for (let at = range.to - 1; at >= range.from && left > 0; at -= 1) {
    if (at === range.own) continue;
    const peer = list.peerAt(at);
    if (peer === event.peer) isNew = false;
    if (list.timeAt(at) > dayBegin) peers.add(peer);
    left -= 1;
  }
  return isNew;
}

function latestOther(list: EventList, from: number, to: number, own: number): number {
  const at = to - 1 === own ? to - 2 : to - 1;
  return at >= from ? list.timeAt(at) : Number.NEGATIVE_INFINITY;
}

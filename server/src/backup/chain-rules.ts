import type { BusMessage } from '@sdp/shared/messaging';

/** A log with the same topics may be another one: its offsets say nothing of what was kept of the first. */
export type BusKind = 'kafka' | 'embedded';

/** How far the backup of one partition reaches: what its newest manifest entry says. */
export interface ChainHead {
  readonly bus: BusKind;
  readonly generation: number;
  readonly sequence: number;
  /** Where the newest object begins, and what follows it. */
  readonly fromOffset: bigint;
  readonly nextOffset: bigint;
  /** The newest of the times at which the log took its messages. */
  readonly lastAt: Date;
  readonly mac: string;
}

/** What is to become of the next messages of a partition. */
export interface Standing {
  readonly head: ChainHead | undefined;
  readonly generation: number;
  /** The next object covers from here on. */
  readonly from: bigint;
  /** Messages before this one are kept already, if they are the same. */
  readonly keptBelow: bigint;
}

/** Why a partition doesn't go on exactly where its backup ends. */
export type Break =
  | { readonly kind: 'none' }
  | { readonly kind: 'anew' }
  | { readonly kind: 'lost'; readonly messages: bigint };

/**
 * Where the backup of a partition goes on, when the group stands at `nextOffset`.
 *
 * The offsets of the group are stored after the object, so a crash may leave them up to one object behind. If they are
 * further behind, or the bus is another one, it is another log, or an operator wants it read again: nothing of it may be left
 * out, so it begins a new generation.
 */
export function standAt(
  head: ChainHead | undefined,
  bus: BusKind,
  nextOffset: bigint,
): { standing: Standing; break: Break } {
  if (head === undefined) {
    return { standing: { head, generation: 1, from: nextOffset, keptBelow: 0n }, break: { kind: 'none' } };
  }
  if (head.bus !== bus || nextOffset < head.fromOffset) {
    return { standing: anew(head, nextOffset), break: { kind: 'anew' } };
  }
  const { generation, nextOffset: kept } = head;
  const from = nextOffset > kept ? nextOffset : kept;
  const lost = nextOffset - kept;
  return {
    standing: { head, generation, from, keptBelow: kept },
    break: lost > 0n ? { kind: 'lost', messages: lost } : { kind: 'none' },
  };
}

/**
 * Which of a partition's next messages aren't kept yet. Those that are come with the time they had then; one with a later
 * time is of another log, whose messages must all be kept.
 */
export function takeFresh(
  standing: Standing,
  messages: readonly BusMessage[],
): { readonly standing: Standing; readonly fresh: readonly BusMessage[] } {
  const { head, keptBelow } = standing;
  const isOther = ({ offset, timestamp }: BusMessage) =>
    head !== undefined && offset < keptBelow && timestamp.getTime() > head.lastAt.getTime();
  const first = messages[0];
  if (head !== undefined && first !== undefined && messages.some(isOther)) {
    return { standing: anew(head, first.offset), fresh: messages };
  }
  return { standing, fresh: messages.filter(({ offset }) => offset >= keptBelow) };
}

/** How it stands once an object is kept. */
export function after(standing: Standing, head: ChainHead): Standing {
  return { ...standing, head, from: head.nextOffset, keptBelow: 0n };
}

function anew(head: ChainHead, from: bigint): Standing {
  return { head, generation: head.generation + 1, from, keptBelow: 0n };
}

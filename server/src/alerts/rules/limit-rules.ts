import { type AlertLevel, gravity } from './alert.ts';
import type { RateLimit } from './alert-config.ts';

/** A group that has something to tell on a channel now. */
export interface DueGroup {
  readonly groupId: string;
  readonly clientId: string;
  /** The gravest of what it has to tell. */
  readonly level: AlertLevel;
  /** Since when its first alert waits. */
  readonly since: Date;
}

/** Groups that one message is for; of several it is a summary. */
export interface PlannedMessage {
  readonly clientId: string;
  readonly groupIds: readonly string[];
}

/**
 * Spreads groups over the messages that a channel may still send. Where they are too few, the gravest and oldest get one of their
 * own and the others are told of together, each client's by themselves. What finds no place at all waits for the next one.
 *
 * Every group is in one message at most; all are in one if `free` is at least the number of clients.
 */
export function planMessages(groups: readonly DueGroup[], free: number): readonly PlannedMessage[] {
  const ordered = [...groups].sort((one, other) => gravity(other.level) - gravity(one.level) || byAge(one, other));
  if (ordered.length <= free) return ordered.map(({ clientId, groupId }) => ({ clientId, groupIds: [groupId] }));
  const clients = new Map<string, string[]>();
  for (const { clientId, groupId } of ordered) {
    const own = clients.get(clientId);
    if (own) own.push(groupId);
    else if (clients.size < free) clients.set(clientId, [groupId]);
  }
  // Each of these clients has a summary for what follows; what is left over goes to single groups.
  let left = free - clients.size;
  const alone: PlannedMessage[] = [];
  for (const { clientId, groupId } of ordered) {
    const own = clients.get(clientId);
    if (left === 0 || own === undefined || own.length < 2) continue;
    alone.push({ clientId, groupIds: [groupId] });
    clients.set(
      clientId,
      own.filter((each) => each !== groupId),
    );
    left--;
  }
  return [...alone, ...[...clients].map(([clientId, groupIds]) => ({ clientId, groupIds }))];
}

function byAge(one: DueGroup, other: DueGroup): number {
  return one.since.getTime() - other.since.getTime() || (one.groupId < other.groupId ? -1 : 1);
}

/**
 * How many messages more a limit allows, by the times of the last ones.
 *
 * @returns `nextAt` is when there is one more, where none is left
 */
export function freeSlots(
  { messages, perMs }: RateLimit,
  sentAt: readonly Date[],
  now: Date,
): { readonly free: number; readonly nextAt: Date | undefined } {
  const counted = sentAt.map((at) => at.getTime()).filter((at) => at > now.getTime() - perMs);
  const free = Math.max(0, messages - counted.length);
  if (free > 0) return { free, nextAt: undefined };
  counted.sort((one, other) => one - other);
  return { free, nextAt: new Date((counted[counted.length - messages] ?? now.getTime()) + perMs) };
}

import type { Fact } from './fact-rules.ts';
import { type GroupState, mostPresences, type Presence } from './group-state-rules.ts';

/**
 * Takes an event into the stretches of its group, in whatever order events come: two that are at most `apartMs` apart, by the
 * time at which the API took them, are of one stretch.
 *
 * @returns the end of the group's first stretch
 */
export function notePresence({ presences }: GroupState, fact: Fact, apartMs: number): number {
  const { receivedAtMs: atMs, eventId, offset, timeMs } = fact;
  let place = presences.length;
  while (place > 0 && (presences[place - 1] as Presence).fromMs > atMs) place -= 1;
  // Before it are those that begin no later, so only its neighbours can be near.
  presences.splice(place, 0, { fromMs: atMs, untilMs: atMs, last: { eventId, offset, timeMs } });
  join(presences, place, apartMs);
  if (place > 0) join(presences, place - 1, apartMs);
  if (presences.length > mostPresences) join(presences, 0, Number.POSITIVE_INFINITY);
  return (presences[0] as Presence).untilMs;
}

/** Makes one of two neighbours, if they are near. */
function join(presences: Presence[], place: number, apartMs: number): void {
  const [first, second] = [presences[place], presences[place + 1]];
  if (first === undefined || second === undefined || second.fromMs - first.untilMs > apartMs) return;
  // Of several at one time the one that came last.
  if (second.untilMs >= first.untilMs) [first.untilMs, first.last] = [second.untilMs, second.last];
  presences.splice(place + 1, 1);
}

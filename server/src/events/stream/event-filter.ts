import { type Event, type EventType, type LogLevel, logLevels } from '@sdp/shared/contracts';
import type { BlockHead } from './block-heads.ts';

/** Which events a stream shows; whatever is left out lets all through. */
export interface EventStreamFilter {
  readonly client_id?: string | undefined;
  readonly type?: EventType | undefined;
  readonly level?: LogLevel | undefined;
  readonly user_id?: string | undefined;
  readonly source?: string | undefined;
  readonly host?: string | undefined;
}

/** Whether a block may hold some of them. */
export function mayHold({ type, level, client_id }: EventStreamFilter): (head: BlockHead) => boolean {
  const bit = level === undefined ? 0 : 1 << logLevels.indexOf(level);
  return (head) =>
    (type === undefined || head.type === type) &&
    (bit === 0 || (head.levels & bit) !== 0) &&
    (client_id === undefined || head.clientId === client_id);
}

/** Whether a stored event, as JSON, is one of them. Few are parsed: those in whose text what is looked for stands somewhere. */
export function linesOf({ level, user_id, source, host }: EventStreamFilter): (line: string) => boolean {
  const wanted = Object.entries({ level, user_id, source, host }).filter(([, value]) => value !== undefined);
  if (wanted.length === 0) return () => true;
  const texts = wanted.map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  return (line) => {
    if (!texts.every((text) => line.includes(text))) return false;
    const event = JSON.parse(line) as Event;
    return wanted.every(([name, value]) => event[name as keyof Event] === value);
  };
}

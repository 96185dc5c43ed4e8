import { type Alert, type AlertLevel, gravity } from './alert.ts';

/**
 * Which alerts a route or a silence is for: all that is said must hold, and of several values one. `*` in a type or in a tag's value
 * stands for any text. One that says nothing is for every alert.
 */
export interface Matcher {
  readonly levels?: readonly AlertLevel[] | undefined;
  readonly minLevel?: AlertLevel | undefined;
  readonly types?: readonly string[] | undefined;
  readonly clients?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, readonly string[]>> | undefined;
}

export function matches(matcher: Matcher, alert: Pick<Alert, 'level' | 'type' | 'clientId' | 'tags'>): boolean {
  const { levels, minLevel, types, clients, tags = {} } = matcher;
  if (levels !== undefined && !levels.includes(alert.level)) return false;
  if (minLevel !== undefined && gravity(alert.level) < gravity(minLevel)) return false;
  if (types !== undefined && !types.some((pattern) => fits(pattern, alert.type))) return false;
  if (clients !== undefined && !clients.includes(alert.clientId)) return false;
  return Object.entries(tags).every(([name, patterns]) => {
    const value = Object.hasOwn(alert.tags, name) ? alert.tags[name] : undefined;
    return value !== undefined && patterns.some((pattern) => fits(pattern, value));
  });
}

/** Compares part by part, without a regular expression: its time grows with the text, whatever the pattern is. */
function fits(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return text === pattern;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

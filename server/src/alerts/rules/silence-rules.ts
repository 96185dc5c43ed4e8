import type { Alert } from './alert.ts';
import { type Matcher, matches } from './matcher-rules.ts';

/** What keeps alerts from being told of until a time. */
export interface Silence {
  readonly silenceId: string;
  /** Whose alerts; `*`: everybody's. */
  readonly clientId: string;
  readonly matcher: Matcher;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** The silence that an alert falls under at a time, if there is one; of several the one that lasts longest. */
export function silenceOf(silences: readonly Silence[], alert: Alert, at: Date): Silence | undefined {
  let found: Silence | undefined;
  for (const silence of silences) {
    if (silence.clientId !== '*' && silence.clientId !== alert.clientId) continue;
    if (at < silence.startsAt || at >= silence.endsAt || !matches(silence.matcher, alert)) continue;
    if (found === undefined || silence.endsAt > found.endsAt) found = silence;
  }
  return found;
}

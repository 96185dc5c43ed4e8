import type { AlertLevel } from './alert.ts';

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof weekdays)[number];

/** A part of the day in which only some alerts go out; the others are held until it ends. */
export interface QuietHours {
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Minutes after midnight there. Where `from` is not before `to` they go on past midnight. */
  readonly from: number;
  readonly to: number;
  /** On which they begin. */
  readonly days: readonly Weekday[];
  /** Levels that go out all the same. */
  readonly passing: readonly AlertLevel[];
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

/**
 * @returns when the quiet hours end in which an alert of the level would fall now; undefined where it may go out
 */
export function heldUntil(quiet: QuietHours | undefined, level: AlertLevel, now: Date): Date | undefined {
  if (quiet === undefined || quiet.passing.includes(level)) return undefined;
  return quietUntil(quiet, now);
}

/** When quiet hours end that hold now; undefined outside of them. */
export function quietUntil({ timeZone, from, to, days }: QuietHours, now: Date): Date | undefined {
  const zone = zoneOf(timeZone);
  const today = dayOf(localTime(zone, now));
  // Those that began yesterday may last into today. The other way round they'd begin tomorrow.
  for (const day of [today - dayMs, today]) {
    if (!days.includes(weekdays[new Date(day).getUTCDay()] as Weekday)) continue;
    const start = instantOf(zone, day + from * minuteMs);
    const end = instantOf(zone, day + (to > from ? 0 : dayMs) + to * minuteMs);
    if (now.getTime() >= start && now.getTime() < end) return new Date(end);
  }
  return undefined;
}

const zones = new Map<string, Intl.DateTimeFormat>();

function zoneOf(timeZone: string): Intl.DateTimeFormat {
  const known =
    zones.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  zones.set(timeZone, known);
  return known;
}

/** What a clock on the wall shows, as if it were UTC. */
function localTime(zone: Intl.DateTimeFormat, at: Date): number {
  const parts = Object.fromEntries(zone.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function dayOf(local: number): number {
  return Math.floor(local / dayMs) * dayMs;
}

/**
 * The instant at which the clock on the wall shows this. One that it shows twice, in autumn, is the first; one that it leaves out, in
 * spring, is as many minutes later as it leaves out.
 */
function instantOf(zone: Intl.DateTimeFormat, local: number): number {
  const before = local - dayMs;
  const after = local + dayMs;
  const offsets = [before, after].map((at) => localTime(zone, new Date(at)) - at);
  const found = offsets.map((offset) => local - offset).filter((at) => localTime(zone, new Date(at)) === local);
  return found.length > 0 ? Math.min(...found) : local - (offsets[0] as number);
}

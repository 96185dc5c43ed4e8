import type { Notice, NoticeAlert } from '../rules/notice.ts';
import { clientLabel, cut } from '../rules/notice-rules.ts';

/** What a message says of one alert beside its title and message, one line each. */
export function factsOf(alert: NoticeAlert): string[] {
  const tags = Object.entries(alert.tags).map(([name, value]) => `${name}: ${value}`);
  const numbers = Object.entries(alert.numbers).map(([name, value]) => `${name}: ${numberText(value)}`);
  return [...numbers, ...tags];
}

export function numberText(value: number | string): string {
  if (typeof value === 'string') return value;
  return value.toLocaleString('en-US', { maximumFractionDigits: 4 });
}

/** `2 CRITICAL, 31 WARNING`. */
export function levelsText({ levels }: Notice): string {
  return Object.entries(levels)
    .map(([level, count]) => `${count} ${level}`)
    .join(', ');
}

/** `latency_high 20, cpu_sustained 13`. */
export function typesText({ types }: Notice): string {
  return Object.entries(types)
    .map(([type, count]) => `${type} ${count}`)
    .join(', ');
}

/** What isn't listed, if anything. */
export function restText({ total, alerts }: Notice): string | undefined {
  const rest = total - alerts.length;
  return rest > 0 && alerts.length > 0 ? `and ${rest} more` : undefined;
}

/** Whose it is and what it is about, for the small print. */
export function footerText(notice: Notice, messageId: string): string {
  return `SDP · client: ${clientLabel(notice.client_id)} · message ${messageId}`;
}

/** Why another channel is told of this. */
export function failedText({ failed }: Notice): string | undefined {
  return failed === null ? undefined : `The channel ${failed.channel} did not take this: ${failed.reason}`;
}

/** Ends with `…` what is too long, counted in characters as receivers do. */
export function within(text: string, maxLength: number): string {
  return cut(text, maxLength);
}

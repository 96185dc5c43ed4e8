import type { AlertLevel } from '../rules/alert.ts';
import type { Notice, NoticeAlert, OutgoingMessage } from '../rules/notice.ts';
import { clientLabel } from '../rules/notice-rules.ts';
import { factsOf, failedText, footerText, levelsText, restText, typesText, within } from './text-rules.ts';

// https://docs.discord.com/developers/resources/message#embed-object-embed-limits
const limits = { title: 256, description: 4_096, name: 256, value: 1_024, footer: 2_048, total: 6_000, embeds: 10 };
const colors: Readonly<Record<AlertLevel, number>> = {
  INFO: 0x3b82f6,
  WARNING: 0xf59e0b,
  ERROR: 0xef4444,
  CRITICAL: 0x991b1b,
};
const resolvedColor = 0x22c55e;

interface Field {
  readonly name: string;
  readonly value: string;
  readonly inline?: boolean;
}
interface Embed {
  readonly title: string;
  readonly description?: string;
  readonly url?: string;
  readonly color: number;
  readonly fields?: readonly Field[];
  readonly footer?: { readonly text: string };
  readonly timestamp: string;
}

export interface DiscordBody {
  readonly username: string;
  readonly allowed_mentions: { readonly parse: readonly string[] };
  readonly embeds: readonly Embed[];
}

/** The body of Discord's "execute webhook": nobody is pinged, whatever a text says, and nothing in it becomes a link or markup. */
export function discordBody({ messageId, createdAt, notice }: OutgoingMessage): DiscordBody {
  const color = notice.kind === 'resolved' ? resolvedColor : colors[notice.level];
  const head: Embed = {
    title: within(`${notice.level}: ${plain(notice.title)}`, limits.title),
    ...described(headText(notice)),
    ...(notice.total === 1 && notice.alerts[0]?.link ? { url: notice.alerts[0].link } : {}),
    color,
    fields: headFields(notice),
    footer: { text: within(footerText(notice, messageId), limits.footer) },
    timestamp: createdAt.toISOString(),
  };
  const embeds = [head];
  let left = limits.total - sizeOf(head);
  for (const alert of notice.total === 1 ? [] : notice.alerts) {
    const embed = embedOf(alert);
    left -= sizeOf(embed);
    // What doesn't fit is counted in the first one.
    if (left < 0 || embeds.length === limits.embeds) break;
    embeds.push(embed);
  }
  return { username: 'SDP', allowed_mentions: { parse: [] }, embeds };
}

function headText(notice: Notice): string {
  const [alert] = notice.alerts;
  const lines = [failedText(notice)];
  if (notice.total === 1 && alert) lines.push(alert.message, ...factsOf(alert));
  else lines.push(restText(notice));
  return lines.filter((line) => line !== undefined && line !== '').join('\n');
}

function headFields(notice: Notice): Field[] {
  const field = (name: string, value: string): Field => ({
    name,
    value: within(plain(value), limits.value),
    inline: true,
  });
  const fields = [field('Client', clientLabel(notice.client_id))];
  if (notice.total > 1) fields.push(field('Levels', levelsText(notice)));
  if (notice.total > 0) fields.push(field('Type', notice.total > 1 ? typesText(notice) : typesOnly(notice)));
  const id = notice.total === 1 ? notice.alerts[0]?.anomaly_id : null;
  if (id) fields.push(field('Anomaly', id));
  return fields;
}

const typesOnly = ({ types }: Notice) => Object.keys(types).join(', ') || '–';

function embedOf(alert: NoticeAlert): Embed {
  return {
    title: within(`${alert.level}: ${plain(alert.title)}`, limits.title),
    ...described([alert.message, factsOf(alert).join(' · ')].filter((line) => line !== '').join('\n'), 400),
    ...(alert.link ? { url: alert.link } : {}),
    color: colors[alert.level],
    timestamp: alert.at,
  };
}

function described(text: string, maxLength = 2_500): { description?: string } {
  return text === '' ? {} : { description: within(plain(text), Math.min(maxLength, limits.description)) };
}

/** Discord counts the characters of these in all embeds of a message. */
function sizeOf({ title, description = '', fields = [], footer }: Embed): number {
  const inFields = fields.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  return title.length + description.length + inFields + (footer?.text.length ?? 0);
}

/** Markup, mentions and links as plain text. */
function plain(text: string): string {
  return text.replace(/[\\`*_~|<>[\]()#@]/g, '\\$&').replaceAll('://', ':\u200b//');
}

import type { Notification } from '@sdp/shared/contracts';
import { type AlertRoute, type AlertsConfig, formatDuration, type SecretSource } from '../alerts/index.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';
import { printable } from './printable.ts';

/** Who is told of what, as a file of alerts has it. */
export function printRoutes(config: AlertsConfig, isSet: (variable: string) => boolean): void {
  if (config.channels.length > 0) {
    printTable(
      ['CHANNEL', 'TYPE', 'SECRETS', 'AT MOST', 'FALLBACK'],
      config.channels.map((channel) => {
        const { name, type, rateLimit, fallback } = channel;
        const sources = Object.values(channel).filter(isSource);
        const secrets = sources.map((source) => sourceText(source, isSet)).join(', ');
        return [name, type, secrets, `${rateLimit.messages} in ${formatDuration(rateLimit.perMs)}`, fallback];
      }),
    );
    printLine('');
  }
  printTable(['ROUTE', 'FOR', 'CHANNELS', 'GROUPED BY', 'WAIT', 'INTERVAL', 'REPEAT', 'QUIET'], rows(config.route, 0));
  printLine('The file is valid.');
}

function rows(route: AlertRoute, depth: number): (readonly (string | undefined)[])[] {
  const { match, groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs, quietHours, continues } = route;
  const own = [
    `${'  '.repeat(depth)}${depth === 0 ? 'all' : `${route.id.split('.').at(-1)}${continues ? ' (goes on)' : ''}`}`,
    matchText(match),
    route.channels.join(', ') || 'nobody',
    ['client', ...groupBy].join(', '),
    formatDuration(groupWaitMs),
    formatDuration(groupIntervalMs),
    repeatIntervalMs === undefined ? 'never' : formatDuration(repeatIntervalMs),
    quietHours && `${clock(quietHours.from)}–${clock(quietHours.to)} ${quietHours.timeZone}`,
  ];
  return [own, ...route.routes.flatMap((child) => rows(child, depth + 1))];
}

function matchText({ levels, minLevel, types, clients, tags }: AlertRoute['match']): string {
  const parts = [
    levels?.join(' or '),
    minLevel && `${minLevel} or graver`,
    types && `type ${types.join(' or ')}`,
    clients && `client ${clients.join(' or ')}`,
    ...Object.entries(tags ?? {}).map(([name, values]) => `${name} ${values.join(' or ')}`),
  ];
  return parts.filter((part) => part !== undefined).join(', ') || 'every alert';
}

const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function isSource(value: unknown): value is SecretSource {
  return typeof value === 'object' && value !== null && ('variable' in value || 'file' in value);
}

function sourceText(source: SecretSource, isSet: (variable: string) => boolean): string {
  if ('file' in source) return 'a file';
  return isSet(source.variable) ? source.variable : `${source.variable} (not set)`;
}

/** What people were to be told of, and whether they were. */
export function listNotifications(found: readonly Notification[]): void {
  if (found.length === 0) {
    printLine('There are no such alerts.');
    return;
  }
  printTable(
    ['AT', 'LEVEL', 'CLIENT', 'TYPE', 'TITLE', 'CHANNELS'],
    found.map(({ created_at, level, client_id, type, title, deliveries }) => [
      ...[created_at.slice(0, 19).replace('T', ' '), level, client_id === '*' ? 'server' : client_id],
      ...[printable(type, 40), printable(title, 60), deliveries.map(deliveryText).join(', ') || 'nobody'],
    ]),
  );
}

function deliveryText({ channel, state, reason }: Notification['deliveries'][number]): string {
  const why = reason !== null && state !== 'DELIVERED' ? ` (${reason})` : '';
  return `${channel} ${state.toLowerCase()}${why}`;
}

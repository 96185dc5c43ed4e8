import type { AlertLevel } from '../rules/alert.ts';
import type { OutgoingMessage } from '../rules/notice.ts';
import { clientLabel } from '../rules/notice-rules.ts';
import { within } from './text-rules.ts';

const severities: Readonly<Record<AlertLevel, string>> = {
  INFO: 'info',
  WARNING: 'warning',
  ERROR: 'error',
  CRITICAL: 'critical',
};
const maxSummary = 1_024;

/**
 * An event of PagerDuty's Events API v2. What one message told of is one incident: its `dedup_key` is that message's id, and what is
 * said of it later has the same.
 */
export function pagerDutyBody({ createdAt, notice }: OutgoingMessage, routingKey: string): object {
  const { kind, incident } = notice;
  const common = { routing_key: routingKey, dedup_key: incident, client: 'SDP' };
  if (kind === 'acknowledged') return { ...common, event_action: 'acknowledge' };
  if (kind === 'resolved') return { ...common, event_action: 'resolve' };
  const [first] = notice.alerts;
  return {
    ...common,
    event_action: 'trigger',
    payload: {
      summary: within(notice.title, maxSummary),
      severity: severities[notice.level],
      source: within(first?.tags['host'] ?? clientLabel(notice.client_id), 255),
      timestamp: first?.at ?? createdAt.toISOString(),
      component: within(first?.tags['service'] ?? first?.tags['source'] ?? 'sdp', 255),
      group: within(notice.client_id, 255),
      class: within(first?.type ?? notice.kind, 255),
      custom_details: {
        total: notice.total,
        levels: notice.levels,
        types: notice.types,
        alerts: notice.alerts,
        ...(notice.failed && { failed: notice.failed }),
      },
    },
    links: notice.alerts.flatMap(({ link, title }) =>
      link === null ? [] : [{ href: link, text: within(title, 255) }],
    ),
  };
}

import type { Notice, NoticeAlert, OutgoingMessage } from '../rules/notice.ts';
import { clientLabel } from '../rules/notice-rules.ts';
import { factsOf, failedText, footerText, levelsText, restText, typesText, within } from './text-rules.ts';

export interface EmailBody {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** An e-mail that reads well as plain text and as HTML without a picture or anything that is fetched. */
export function emailBody({ messageId, createdAt, notice }: OutgoingMessage): EmailBody {
  const subject = within(`[SDP] ${notice.level}: ${notice.title}`.replaceAll('\n', ' '), 180);
  const head = [
    ['Client', clientLabel(notice.client_id)],
    ['Sent', createdAt.toISOString()],
    ...(notice.total > 1 ? [['Alerts', `${notice.total} (${levelsText(notice)})`] as const] : []),
    ...(notice.total > 0 ? [['Types', typesText(notice)] as const] : []),
  ] as const;
  return { subject, text: textOf(notice, head, messageId), html: htmlOf(notice, head, messageId) };
}

type Head = readonly (readonly [string, string])[];

function textOf(notice: Notice, head: Head, messageId: string): string {
  const lines = [notice.title, '='.repeat(Math.min(72, notice.title.length)), ''];
  const failed = failedText(notice);
  if (failed) lines.push(failed, '');
  for (const [name, value] of head) lines.push(`${name.padEnd(8)}${value}`);
  for (const alert of notice.alerts) {
    lines.push('', `${alert.level}  ${alert.title}`, `  ${alert.at}  ${alert.type}`);
    if (alert.message !== '') lines.push(...alert.message.split('\n').map((line) => `  ${line}`));
    lines.push(...factsOf(alert).map((fact) => `  ${fact}`));
    if (alert.anomaly_id) lines.push(`  anomaly: ${alert.anomaly_id}`);
    if (alert.link) lines.push(`  ${alert.link}`);
  }
  const rest = restText(notice);
  if (rest) lines.push('', rest);
  lines.push('', '-- ', footerText(notice, messageId), '');
  return lines.join('\n');
}

const colors = { INFO: '#1d4ed8', WARNING: '#b45309', ERROR: '#b91c1c', CRITICAL: '#7f1d1d' } as const;

function htmlOf(notice: Notice, head: Head, messageId: string): string {
  const color = notice.kind === 'resolved' ? '#15803d' : colors[notice.level];
  const rows = head.map(([name, value]) => row(name, value)).join('');
  const failed = failedText(notice);
  const rest = restText(notice);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${html(notice.title)}</title></head>
<body style="font-family:Arial,Helvetica,sans-serif;color:#1f2937;margin:0;padding:16px">
<div style="max-width:640px;border-left:6px solid ${color};padding:0 0 0 16px">
<h1 style="font-size:18px;margin:0 0 8px"><span style="color:${color}">${notice.level}</span> ${html(notice.title)}</h1>
${failed ? `<p style="margin:8px 0">${html(failed)}</p>` : ''}
<table style="border-collapse:collapse;font-size:14px">${rows}</table>
${notice.alerts.map(alertHtml).join('\n')}
${rest ? `<p style="margin:8px 0">${html(rest)}</p>` : ''}
<p style="font-size:12px;color:#6b7280;margin:16px 0 0">${html(footerText(notice, messageId))}</p>
</div></body></html>
`;
}

function alertHtml(alert: NoticeAlert): string {
  const facts = [...factsOf(alert), ...(alert.anomaly_id ? [`anomaly: ${alert.anomaly_id}`] : [])];
  return `<div style="margin:12px 0 0;padding:12px;background:#f3f4f6;font-size:14px">
<b style="color:${colors[alert.level]}">${alert.level}</b> <b>${html(alert.title)}</b><br>
<span style="color:#6b7280">${alert.at} · ${html(alert.type)}</span>
${alert.message === '' ? '' : `<p style="margin:8px 0">${html(alert.message).replaceAll('\n', '<br>')}</p>`}
${facts.length === 0 ? '' : `<p style="margin:8px 0">${facts.map(html).join('<br>')}</p>`}
${alert.link === null ? '' : `<a href="${html(alert.link)}">Show the anomaly</a>`}
</div>`;
}

function row(name: string, value: string): string {
  const cell = 'padding:2px 12px 2px 0;vertical-align:top';
  return `<tr><td style="${cell};color:#6b7280">${html(name)}</td><td style="${cell}">${html(value)}</td></tr>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const html = (text: string) => text.replace(/[&<>"']/g, (char) => entities[char] ?? char);

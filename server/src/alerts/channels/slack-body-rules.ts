import type { Notice, NoticeAlert, OutgoingMessage } from '../rules/notice.ts';
import { factsOf, failedText, footerText, levelsText, restText, typesText, within } from './text-rules.ts';

// https://docs.slack.dev/reference/block-kit/blocks
const limits = { header: 150, text: 3_000, context: 2_000 };
const signs = {
  INFO: ':information_source:',
  WARNING: ':warning:',
  ERROR: ':x:',
  CRITICAL: ':rotating_light:',
} as const;

/** Blocks of an incoming webhook of Slack and of what takes the same (Mattermost, Rocket.Chat). Texts are plain: no markup, no mention. */
export function slackBody({ messageId, notice }: OutgoingMessage): object {
  const sign = notice.kind === 'resolved' ? ':white_check_mark:' : signs[notice.level];
  const head = `${notice.level}: ${notice.title}`;
  return {
    // What notifications show, and receivers that know no blocks.
    text: escaped(within(head, limits.text)),
    blocks: [
      { type: 'header', text: plain(within(`${sign} ${head}`, limits.header)) },
      ...sections(notice),
      { type: 'context', elements: [plain(within(contextOf(notice, messageId), limits.context))] },
    ],
  };
}

function sections(notice: Notice): object[] {
  const texts = [failedText(notice), ...notice.alerts.map((alert) => sectionOf(notice, alert)), restText(notice)];
  return texts
    .filter((text) => text !== undefined && text !== '')
    .map((text) => ({ type: 'section', text: plain(within(text as string, limits.text)) }));
}

function sectionOf({ total }: Notice, alert: NoticeAlert): string {
  const title = total === 1 ? '' : `${alert.level}: ${alert.title}`;
  const facts = [...factsOf(alert), ...(alert.anomaly_id ? [`anomaly: ${alert.anomaly_id}`] : [])].join(' · ');
  return [title, alert.message, facts, alert.link ?? ''].filter((line) => line !== '').join('\n');
}

function contextOf(notice: Notice, messageId: string): string {
  const counts = notice.total > 1 ? ` · ${levelsText(notice)} · ${typesText(notice)}` : '';
  return `${footerText(notice, messageId)}${counts === '' && notice.total > 0 ? ` · ${Object.keys(notice.types).join(', ')}` : counts}`;
}

/** Of plain text only emoji are shown as such, if asked; `verbatim` is for markup. */
const plain = (text: string) => ({ type: 'plain_text', text, emoji: true });

/** https://docs.slack.dev/messaging/formatting-message-text: these three make links and mentions. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

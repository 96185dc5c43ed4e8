import type { OpenedChannel } from '../load-alerts.ts';
import type { Channel } from './channel.ts';
import { discordBody } from './discord-body-rules.ts';
import { createEmailChannel } from './email-channel.ts';
import { createHttpChannel } from './http-channel.ts';
import { pagerDutyBody } from './pagerduty-body-rules.ts';
import { slackBody } from './slack-body-rules.ts';
import { signedHeaders, webhookBody } from './webhook-body-rules.ts';

export function createChannel({ config, secrets, authorities }: OpenedChannel): Channel {
  if (config.type === 'email') return createEmailChannel(config, secrets['password'], authorities);
  const { name, timeoutMs, maxInFlight, allowPrivateAddresses } = config;
  const common = { name, timeoutMs, maxInFlight, allowPrivateAddresses };
  const url = secrets['url'] ?? '';
  if (config.type === 'discord') return createHttpChannel({ ...common, url, bodyOf: discordBody });
  if (config.type === 'slack') return createHttpChannel({ ...common, url, bodyOf: slackBody });
  if (config.type === 'pagerduty') {
    const routingKey = secrets['routingKey'] ?? '';
    return createHttpChannel({ ...common, url: config.url, bodyOf: (message) => pagerDutyBody(message, routingKey) });
  }
  const secret = secrets['secret'] ?? '';
  return createHttpChannel({
    ...common,
    url,
    bodyOf: webhookBody,
    headersOf: ({ messageId }, body) => signedHeaders({ messageId, body, secret }, new Date()),
  });
}

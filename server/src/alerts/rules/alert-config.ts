import type { Matcher } from './matcher-rules.ts';
import type { QuietHours } from './quiet-hours-rules.ts';

/** At most so many messages within any time of this length. */
export interface RateLimit {
  readonly messages: number;
  readonly perMs: number;
}

/** A secret that the file names and doesn't hold. */
export type SecretSource = { readonly variable: string } | { readonly file: string };

interface ChannelBase {
  readonly name: string;
  /** Left out while its secrets aren't there; otherwise that is a mistake. */
  readonly isOptional: boolean;
  readonly rateLimit: RateLimit;
  /** Messages under way at the same time. */
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  /** Which channel is told what this one refuses. */
  readonly fallback: string | undefined;
  /** Whether it is told when what it was told of is acknowledged or resolved. */
  readonly sendsUpdates: boolean;
}

interface HttpChannelBase extends ChannelBase {
  readonly allowPrivateAddresses: boolean;
}

export interface DiscordChannelConfig extends HttpChannelBase {
  readonly type: 'discord';
  readonly url: SecretSource;
}
export interface SlackChannelConfig extends HttpChannelBase {
  readonly type: 'slack';
  readonly url: SecretSource;
}
export interface WebhookChannelConfig extends HttpChannelBase {
  readonly type: 'webhook';
  readonly url: SecretSource;
  readonly secret: SecretSource;
}
export interface PagerDutyChannelConfig extends HttpChannelBase {
  readonly type: 'pagerduty';
  /** No secret: the routing key is. */
  readonly url: string;
  readonly routingKey: SecretSource;
}
export interface EmailChannelConfig extends ChannelBase {
  readonly type: 'email';
  readonly host: string;
  readonly port: number;
  /** `starttls`: plain at first, refused unless it becomes encrypted; `implicit`: encrypted from the start; `none`. */
  readonly tls: 'starttls' | 'implicit' | 'none';
  /** Certificates of authorities beside the system's. */
  readonly caFile: string | undefined;
  readonly user: string | undefined;
  readonly password: SecretSource | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

export type ChannelConfig =
  | DiscordChannelConfig
  | SlackChannelConfig
  | WebhookChannelConfig
  | PagerDutyChannelConfig
  | EmailChannelConfig;
export const channelTypes = ['discord', 'slack', 'email', 'pagerduty', 'webhook'] as const;

/** What alerts of one group have in common: `type`, `level`, `kind` or `tag.<name>`. Their client they always have. */
export type GroupLabel = string;

/** A route with all that it inherits. */
export interface Route {
  /** Its place in the tree, such as `route.routes.1`. */
  readonly id: string;
  /** By what it is for, with all routes above it: groups go on under it when routes are added, removed or put in another order. */
  readonly key: string;
  readonly match: Matcher;
  readonly channels: readonly string[];
  readonly groupBy: readonly GroupLabel[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  /** Undefined: no reminders. */
  readonly repeatIntervalMs: number | undefined;
  readonly quietHours: QuietHours | undefined;
  /** Whether the routes after it are tried too. */
  readonly continues: boolean;
  readonly routes: readonly Route[];
}

/** `alerts.yml`, checked. It holds no secret. */
export interface AlertsConfig {
  readonly channels: readonly ChannelConfig[];
  readonly route: Route;
  /** Tags that messages may show. */
  readonly safeTags: ReadonlySet<string>;
  /** Address of an anomaly for people, with `{id}` in it. */
  readonly link: string | undefined;
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What an attempt, or an alert on a channel, came to. */
export const alertOutcomes = ['delivered', 'failed', 'silenced'] as const;
const attemptOutcomes = ['sent', 'retry', 'refused'] as const;

/** What waits, by channel. */
export interface QueueCount {
  readonly channel: string;
  readonly waiting: number;
  readonly sending: number;
  readonly failed: number;
}

/** Figures of delivery. Labels are names of the file of alerts and closed lists. */
export function createAlertMetrics(registry: Registry, queue: () => Promise<readonly QueueCount[]>) {
  const registers = [registry];
  const alerts = new Counter({
    name: 'sdp_alerts_total',
    help: 'Alerts by channel and what became of them',
    labelNames: ['channel', 'outcome'] as const,
    registers,
  });
  const attempts = new Counter({
    name: 'sdp_alert_attempts_total',
    help: 'Attempts to send a message, by channel and what they came to',
    labelNames: ['channel', 'outcome'] as const,
    registers,
  });
  const delay = new Histogram({
    name: 'sdp_alert_delay_seconds',
    help: 'Time from the oldest alert of a message until it was sent',
    labelNames: ['channel'] as const,
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 60, 300, 1_800, 7_200, 43_200],
    registers,
  });
  const down = new Gauge({
    name: 'sdp_alert_channel_down',
    help: '1 while a channel fails again and again, in the process that serves it',
    labelNames: ['channel'] as const,
    registers,
  });
  let served: readonly string[] = [];
  new Gauge({
    name: 'sdp_alert_queue',
    help: 'Alerts on a channel that wait in groups, are being sent, or failed',
    labelNames: ['channel', 'state'] as const,
    registers,
    async collect() {
      this.reset();
      // A scrape must not fail with the database; readiness tells of it.
      for (const { channel, ...states } of await queue().catch(() => [])) {
        for (const [state, count] of Object.entries(states)) this.set({ channel, state }, count);
      }
    },
  });
  return {
    /** By the file in force. */
    serves: (channels: readonly string[]): void => {
      for (const channel of channels.filter((each) => !served.includes(each))) {
        for (const outcome of alertOutcomes) alerts.inc({ channel, outcome }, 0);
        for (const outcome of attemptOutcomes) attempts.inc({ channel, outcome }, 0);
        down.set({ channel }, 0);
      }
      for (const channel of served.filter((each) => !channels.includes(each))) down.remove({ channel });
      served = channels;
    },
    settled: (channel: string, outcome: (typeof alertOutcomes)[number], count: number): void =>
      alerts.inc({ channel, outcome }, count),
    attempted: (channel: string, outcome: (typeof attemptOutcomes)[number]): void => attempts.inc({ channel, outcome }),
    sentAfter: (channel: string, seconds: number): void => delay.observe({ channel }, seconds),
    isDown: (channel: string, value: boolean): void => {
      if (served.includes(channel)) down.set({ channel }, value ? 1 : 0);
    },
  };
}

export type AlertMetrics = ReturnType<typeof createAlertMetrics>;

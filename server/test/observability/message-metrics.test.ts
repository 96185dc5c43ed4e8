import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createMessageMetrics } from '../../src/observability/index.ts';

it('counts what happens to messages, by topics, groups and codes alone', async () => {
  const registry = new Registry();
  const metrics = createMessageMetrics(registry);
  metrics.sent('t', 3, 300, 0.004);
  metrics.sendFailed('t', 'bus-unavailable');
  metrics.received('t', 100, 0.01);
  metrics.retried('t');
  metrics.repeated('t');
  metrics.refused('t', 'message-tampered');
  metrics.deadLettered('t', 'message-tampered');
  metrics.lag('t', 'g', 2, 7);
  metrics.stalled('t', 'g');
  const text = await registry.metrics();
  for (const line of [
    'sdp_messages_sent_total{topic="t"} 3',
    'sdp_messages_sent_bytes_total{topic="t"} 300',
    'sdp_messages_send_failures_total{topic="t",code="bus-unavailable"} 1',
    'sdp_messages_received_total{topic="t"} 1',
    'sdp_messages_received_bytes_total{topic="t"} 100',
    'sdp_messages_retries_total{topic="t"} 1',
    'sdp_messages_repeated_total{topic="t"} 1',
    'sdp_messages_refused_total{topic="t",code="message-tampered"} 1',
    'sdp_messages_dead_letters_total{topic="t",code="message-tampered"} 1',
    'sdp_messages_lag{topic="t",group="g",partition="2"} 7',
    'sdp_messages_stalls_total{topic="t",group="g"} 1',
    'sdp_messages_send_seconds_count{topic="t"} 1',
    'sdp_messages_receive_seconds_count{topic="t"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
});

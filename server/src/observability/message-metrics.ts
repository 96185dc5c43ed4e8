import type { MessageMetrics } from '@sdp/shared/messaging';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];

/** Metrics of secured messages. Labels are topics and groups of our own, and codes of the error registry. */
export function createMessageMetrics(registry: Registry): MessageMetrics {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, labelNames: ['topic'] as const, buckets: seconds, registers });

  const sent = counter('sdp_messages_sent_total', 'Messages that the bus has taken', ['topic']);
  const sentBytes = counter('sdp_messages_sent_bytes_total', 'Bytes of payloads sent', ['topic']);
  const sendSeconds = histogram('sdp_messages_send_seconds', 'Time from a call to the bus’s answer');
  const failures = counter('sdp_messages_send_failures_total', 'Calls that sent nothing', ['topic', 'code']);
  const received = counter('sdp_messages_received_total', 'Messages handled', ['topic']);
  const receivedBytes = counter('sdp_messages_received_bytes_total', 'Bytes of messages handled', ['topic']);
  const receiveSeconds = histogram('sdp_messages_receive_seconds', 'Time from the log’s taking a message to its end');
  const retries = counter('sdp_messages_retries_total', 'Attempts after the first', ['topic']);
  const repeated = counter('sdp_messages_repeated_total', 'Messages applied before, without effect', ['topic']);
  const refused = counter('sdp_messages_refused_total', 'Messages that never reached a handler', ['topic', 'code']);
  const letters = counter('sdp_messages_dead_letters_total', 'Messages in the dead letters', ['topic', 'code']);
  const stalls = counter('sdp_messages_stalls_total', 'Consumers started anew', ['topic', 'group']);
  const lag = new Gauge({
    name: 'sdp_messages_lag',
    help: 'Messages not settled at the last look',
    labelNames: ['topic', 'group', 'partition'] as const,
    registers,
  });
  return {
    sent: (topic, messages, bytes, elapsed) => {
      sent.inc({ topic }, messages);
      sentBytes.inc({ topic }, bytes);
      if (elapsed !== undefined) sendSeconds.observe({ topic }, elapsed);
    },
    sendFailed: (topic, code) => failures.inc({ topic, code }),
    received: (topic, bytes, elapsed) => {
      received.inc({ topic });
      receivedBytes.inc({ topic }, bytes);
      receiveSeconds.observe({ topic }, elapsed);
    },
    retried: (topic) => retries.inc({ topic }),
    repeated: (topic) => repeated.inc({ topic }),
    refused: (topic, code) => refused.inc({ topic, code }),
    deadLettered: (topic, code) => letters.inc({ topic, code }),
    lag: (topic, group, partition, messages) => lag.set({ topic, group, partition: String(partition) }, messages),
    stalled: (topic, group) => stalls.inc({ topic, group }),
  };
}

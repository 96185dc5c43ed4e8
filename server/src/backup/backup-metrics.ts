import { Counter, Gauge, type Registry } from 'prom-client';

export interface BackupMetrics {
  kept(topic: string, object: { readonly messages: number; readonly refused: number; readonly bytes: number }): void;
  /** A batch could not be kept, and waits. */
  failed(topic: string): void;
  /** The log no longer had what was next. */
  lost(topic: string, messages: number): void;
}

/** Figures of the backup of these topics. How far it is behind is `sdp_messages_lag` of its group. */
export function createBackupMetrics(registry: Registry, topics: readonly string[]): BackupMetrics {
  const labelNames = ['topic'] as const;
  const counter = (name: string, help: string) => {
    const made = new Counter({ name, help, labelNames, registers: [registry] });
    for (const topic of topics) made.inc({ topic }, 0);
    return made;
  };
  const objects = counter('sdp_backup_objects_total', 'Objects that are safe, with their manifest entries');
  const bytes = counter('sdp_backup_bytes_total', 'Bytes of these objects, compressed and sealed');
  const messages = counter('sdp_backup_messages_total', 'Messages in these objects');
  const refused = counter('sdp_backup_refused_messages_total', 'Of these, messages that consumers refuse');
  const failures = counter('sdp_backup_failures_total', 'Attempts at a batch that came to nothing');
  const lost = counter('sdp_backup_lost_messages_total', 'Messages that the log dropped before they were kept');
  const lastAt = new Gauge({
    name: 'sdp_backup_last_object_timestamp_seconds',
    help: 'When an object was last made safe, in seconds since 1970',
    labelNames,
    registers: [registry],
  });
  return {
    kept: (topic, object) => {
      objects.inc({ topic });
      bytes.inc({ topic }, object.bytes);
      messages.inc({ topic }, object.messages);
      refused.inc({ topic }, object.refused);
      lastAt.set({ topic }, Date.now() / 1_000);
    },
    failed: (topic) => failures.inc({ topic }),
    lost: (topic, count) => lost.inc({ topic }, count),
  };
}

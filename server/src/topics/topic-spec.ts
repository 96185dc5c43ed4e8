/** How a topic is to be kept by the bus. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition; as the broker is configured where left out. */
  readonly replication?: number;
  /** Copies that must have a message before it counts as written; as the broker is configured where left out. */
  readonly minInsyncReplicas?: number;
  readonly retentionDays: number;
  readonly cleanup: TopicCleanup;
  readonly compression: TopicCompression;
  /** As the broker is configured where left out. */
  readonly maxMessageBytes?: number;
}

export const topicCleanups = ['delete', 'compact', 'compact,delete'] as const;
export type TopicCleanup = (typeof topicCleanups)[number];

/** `producer`: as the messages came; else the broker compresses anew. */
export const topicCompressions = ['producer', 'uncompressed', 'lz4', 'zstd', 'gzip', 'snappy'] as const;
export type TopicCompression = (typeof topicCompressions)[number];

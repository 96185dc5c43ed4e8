/** A topic as a bus keeps it. */
export interface TopicState {
  readonly partitions: number;
  /** Copies of each partition; undefined where the bus has none of its own. */
  readonly replication?: number;
  /** By Kafka's names, such as `retention.ms`; only those that the bus has. Defaults of the broker count. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replication?: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** Makes and changes topics; for operators' commands. */
export interface TopicAdmin {
  /** Settings that {@link set} can change. */
  readonly canSet: boolean;
  readonly canAddPartitions: boolean;
  /** Of these topics, those that are there. @throws {UnavailableError} `bus-unavailable` */
  describe(topics: readonly string[], settings: readonly string[]): Promise<ReadonlyMap<string, TopicState>>;
  create(topic: NewTopic): Promise<void>;
  /** @param count how many it is to have afterwards */
  addPartitions(topic: string, count: number): Promise<void>;
  set(topic: string, settings: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

import type { BusMessage, BusPort } from '../bus-port.ts';

/** The partition of a key, among so many: the rule by which whoever sends picks it. */
export type PartitionOf = (key: string, partitions: number) => number;

/** Tells whether a message lies where its key leads: a copy elsewhere would reach a reader that doesn't know the original. */
export class Placement {
  readonly #partitionOf: PartitionOf | undefined;
  #partitions = 0;

  /** @param partitionOf any place will do where left out */
  constructor(partitionOf: PartitionOf | undefined) {
    this.#partitionOf = partitionOf;
  }

  /** Asks how many partitions there are; before each start. @throws {UnavailableError} `bus-unavailable` */
  async learn(bus: Pick<BusPort, 'lag'>, topic: string, group: string): Promise<void> {
    if (this.#partitionOf !== undefined) this.#partitions = (await bus.lag(topic, group)).length;
  }

  isPlaced({ key, partition }: BusMessage): boolean {
    return this.#partitionOf === undefined || this.#partitionOf(key, this.#partitions) === partition;
  }
}

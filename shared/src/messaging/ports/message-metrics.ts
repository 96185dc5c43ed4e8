import type { ErrorCode } from '../../errors/index.ts';

/** What is counted. Labels come from closed lists: topics, groups, codes of the registry. */
export interface MessageMetrics {
  /** `seconds` from the call to the bus's answer; unknown where they go out by way of a store, or with a stage's result. */
  sent(topic: string, messages: number, bytes: number, seconds?: number): void;
  sendFailed(topic: string, code: ErrorCode): void;
  /** Handled; `seconds` from the log's taking it to the end of its handler. */
  received(topic: string, bytes: number, seconds: number): void;
  retried(topic: string): void;
  repeated(topic: string): void;
  /** Never reached the handler. */
  refused(topic: string, code: ErrorCode): void;
  /** All that went to the dead letters, refused ones included. */
  deadLettered(topic: string, code: ErrorCode): void;
  lag(topic: string, group: string, partition: number, messages: number): void;
  stalled(topic: string, group: string): void;
}

const nothing = (): void => undefined;

export const noMetrics: MessageMetrics = {
  sent: nothing,
  sendFailed: nothing,
  received: nothing,
  retried: nothing,
  repeated: nothing,
  refused: nothing,
  deadLettered: nothing,
  lag: nothing,
  stalled: nothing,
};

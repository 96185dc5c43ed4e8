import type { OutgoingMessage } from '../rules/notice.ts';
import type { Outcome } from '../rules/retry-rules.ts';

/** A way to tell people. It doesn't throw: what went wrong is the outcome. */
export interface Channel {
  readonly name: string;
  send(message: OutgoingMessage): Promise<Outcome>;
  close(): Promise<void>;
}

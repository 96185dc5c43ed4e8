import { raiseAlert } from '../../alerts/index.ts';
import type { Pool } from '../../database/index.ts';
import type { Logger } from '../../observability/index.ts';

/** Has people told that events are turned away. Never fails: whoever hands events in is told either way. */
export async function tellOverload(
  {
    pool,
    logger,
    maxMessages,
  }: { readonly pool: Pool; readonly logger: Pick<Logger, 'warn'>; readonly maxMessages: number },
  messages: number,
): Promise<void> {
  logger.warn(
    { count: messages, limit: maxMessages },
    'events are turned away: too many wait to be stored or analysed',
  );
  try {
    await raiseAlert(pool, {
      type: 'overload',
      level: 'ERROR',
      title: 'Events are turned away',
      message: `${messages} messages with events wait to be stored or analysed, the limit is ${maxMessages}. Who sends events is asked to wait; what was taken is worked off.`,
      metrics: { messages, limit: maxMessages },
    });
  } catch {
    logger.warn({ count: messages }, 'nobody could be told that events are turned away');
  }
}

import { eventTypes } from '@sdp/shared/contracts';
import type { StageBus, TopicLag } from '@sdp/shared/messaging';
import { analysisGroups, eventStoreGroup, eventTopics } from '../event-flow.ts';

/** Whoever has settled nothing for so long doesn't run: it finds its events in the log when it does. */
const goneMs = 600_000;

/**
 * What is waiting for the groups that handle events, as a {@link LagGate} asks for it: for the event store always, and for the
 * analysis while it runs somewhere.
 */
export function waitingEvents(bus: Pick<StageBus, 'lag'>, now: () => number = () => performance.now()) {
  const moved = new Map<string, { settled: bigint; at: number }>();
  const isRunning = (topic: string, lags: readonly TopicLag[]): boolean => {
    // A group that never took any isn't there.
    if (lags.every(({ settled }) => settled === undefined)) return false;
    const settled = lags.reduce((sum, each) => sum + (each.settled ?? 0n), 0n);
    const last = moved.get(topic);
    if (last?.settled !== settled) moved.set(topic, { settled, at: now() });
    return last?.settled !== settled || now() - last.at < goneMs;
  };
  return async (): Promise<readonly (readonly TopicLag[])[]> => {
    const stored = eventTypes.map((type) => bus.lag(eventTopics[type], eventStoreGroup));
    const analysed = eventTypes.map(async (type) => {
      const lags = await bus.lag(eventTopics[type], analysisGroups[type]);
      return isRunning(eventTopics[type], lags) ? lags : [];
    });
    return [(await Promise.all(stored)).flat(), (await Promise.all(analysed)).flat()];
  };
}

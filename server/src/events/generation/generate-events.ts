import type { Event, EventType } from '@sdp/shared/contracts';
import { seededRandom } from '../../transactions/index.ts';
import { createBackground } from './background.ts';
import type { GenerationOptions, Injection, PlannedEvent, Truth } from './generated-event.ts';
import { planInjections } from './inject.ts';

/** How many of all ordinary events are of a type, where all are asked for. */
const shares: Readonly<Record<EventType, number>> = { log: 0.6, metric: 0.25, transaction: 0.15 };

export interface Generation {
  /** In order of time. To be gone through once. */
  readonly events: Iterable<Event>;
  /** Anomalies that are injected, of how many can be told once all events have been taken. */
  readonly planned: readonly Injection[];
  /** Of the events taken so far: injections all of whose events are among them. */
  truth(): Truth[];
}

/**
 * Realistic events and among them known anomalies: the same for the same options, whatever the machine.
 *
 * Only what is injected triggers a built-in rule. Ids contain seed and beginning, so that another run's are others.
 */
export function generateEvents(options: GenerationOptions): Generation {
  const plan = planInjections(options, seededRandom(options.seed ^ 0x1eaf));
  const taken = new Map<Injection, string[]>(plan.injections.map((injection) => [injection, []]));
  const sizes = new Map<Injection, number>();
  for (const injection of plan.events.flatMap((event) => event.injections)) {
    sizes.set(injection, (sizes.get(injection) ?? 0) + 1);
  }
  const prefix = `p${options.seed.toString(36)}-${options.fromMs.toString(36)}`;
  function* events(): Generator<Event> {
    let place = 0;
    for (const { atMs, draft, injections } of merged(options, plan.events, plan.slots)) {
      const id = `${prefix}-${(place++).toString(36)}`;
      for (const injection of injections) taken.get(injection)?.push(id);
      yield { ...draft, event_id: id, at: new Date(atMs).toISOString() } as Event;
    }
  }
  return {
    events: events(),
    planned: plan.injections,
    truth: () =>
      plan.injections.flatMap((injection) => {
        const ids = taken.get(injection) ?? [];
        return ids.length === sizes.get(injection) ? [truthOf(injection, ids)] : [];
      }),
  };
}

function truthOf({ rule, type, group, fromMs, toMs }: Injection, ids: readonly string[]): Truth {
  const times = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  return { kind: 'anomaly', rule, type, group, ...times, event_ids: ids };
}

/** The next of all types' ordinary events and of what is injected, over and over. */
function* merged(
  { types, fromMs, toMs, eventsPerSecond, seed }: GenerationOptions,
  injected: readonly PlannedEvent[],
  slots: ReturnType<typeof planInjections>['slots'],
): Generator<PlannedEvent> {
  const random = seededRandom(seed);
  const all = types.reduce((sum, type) => sum + shares[type], 0);
  const rates = Object.fromEntries(types.map((type) => [type, (eventsPerSecond * shares[type]) / all]));
  const background = createBackground({ random, slots, rates });
  const due = types.map((type) => ({ type, atMs: fromMs + random.exponential((rates[type] ?? 0) / 1_000) }));
  let next = 0;
  for (;;) {
    const first = due.reduce((a, b) => (b.atMs < a.atMs ? b : a));
    const planned = injected[next];
    if (planned !== undefined && planned.atMs <= first.atMs) {
      yield planned;
      next++;
    } else if (first.atMs >= toMs) return;
    else {
      const atMs = Math.floor(first.atMs);
      yield { atMs, draft: background.next(first.type, atMs), injections: [] };
      first.atMs += random.exponential((rates[first.type] ?? 0) / 1_000);
    }
  }
}

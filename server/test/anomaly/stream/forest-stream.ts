import { MersenneTwister } from '../../../src/anomaly/forest/mersenne-twister.ts';
import type { StreamEvent } from '../../../src/detectors/index.ts';

/** Events a message. */
const perMessage = 100;
const startMs = Date.UTC(2026, 10, 20, 6);

function uniformOf(seed: number): () => number {
  const twister = new MersenneTwister(seed);
  return () => twister.bits32() / 2 ** 32;
}

function event(index: number, type: StreamEvent['type'], rest: Partial<StreamEvent>): StreamEvent {
  const atMs = startMs + index * 500;
  return {
    ...{ clientId: 'acme', eventId: `e${index}`, type, atMs, receivedAtMs: atMs + 20, tags: {} },
    ...rest,
    place: {
      ...{ topic: `${type}s`, partition: 3, offset: BigInt(Math.floor(index / perMessage)) },
      index: index % perMessage,
    },
  };
}

/** Payments of 200 users of small and middling amounts, in a few shops of each kind. */
export function transactions(count: number, seed = 1): StreamEvent[] {
  const uniform = uniformOf(seed);
  return Array.from({ length: count }, (_, index) => {
    const user = Math.floor(200 * uniform() ** 2);
    const spread = uniform() + uniform() + uniform() - 1.5;
    return event(index, 'transaction', {
      userId: `tok_${user}`,
      amount: Math.round(100 * Math.exp(3 + (user % 7) / 7 + spread)) / 100,
      currency: user % 50 === 0 ? 'USD' : 'EUR',
      merchant: `shop-${Math.floor(40 * uniform())}`,
      category: `kind-${Math.floor(6 * uniform())}`,
      channel: uniform() < 0.6 ? 'pos' : 'web',
      country: uniform() < 0.8 ? 'DE' : 'FR',
    });
  });
}

/** Samples of ten hosts, each with a level of its own. */
export function samples(count: number, seed = 1): StreamEvent[] {
  const uniform = uniformOf(seed);
  return Array.from({ length: count }, (_, index) => {
    const host = index % 10;
    const load = uniform() + uniform() + uniform();
    return event(index, 'metric', {
      host: `web-${host}`,
      metrics: { cpu_percent: 10 + 4 * host + 5 * load, latency_ms: 40 + 20 * load + 10 * uniform() },
    });
  });
}

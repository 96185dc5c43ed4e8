import type { EventType } from '@sdp/shared/contracts';
import type { SeededRandom } from '../../transactions/index.ts';
import { allowsSingleErrors, mostSingleErrors } from './error-slots.ts';
import type { Draft } from './generated-event.ts';
import { type InjectionPlan, payment, rounded } from './inject.ts';
import { logLine, pick } from './log-lines.ts';

export interface BackgroundOptions {
  readonly random: SeededRandom;
  readonly slots: InjectionPlan['slots'];
  /** Events of the type in a second of their own time. */
  readonly rates: Readonly<Partial<Record<EventType, number>>>;
}

/** Ordinary events that by themselves trigger none of the built-in rules, however many there are. */
export interface Background {
  /** @param atMs never before that of the call before */
  next(type: EventType, atMs: number): Draft;
}

const dayMs = 86_400_000;
const errorWindowMs = 180_000;
const errorShare = 0.02;
const paymentWindowMs = 300_000;
/** Below the ten that are an anomaly, and the nine of a decoy. */
const mostPayments = 8;
const secondsBetweenSamples = 10;
const merchants = Array.from({ length: 60 }, (_, n) => `merchant-${n + 1}`);
const categories = ['groceries', 'travel', 'fuel', 'books', 'clothing', 'restaurants'];
const countries = ['DE', 'FR', 'NL', 'AT', 'IT', 'ES'];

export function createBackground({ random, slots, rates }: BackgroundOptions): Background {
  const users = Array.from({ length: 500 }, () => `tok_${random.hex(16)}`);
  const hosts = createHosts(random, rates.metric ?? 0);
  const payers = createPayers(random, rates.transaction ?? 0);
  const singleErrors: number[] = [];

  const mayErr = (atMs: number): boolean => {
    while ((singleErrors[0] ?? Number.POSITIVE_INFINITY) <= atMs - errorWindowMs) singleErrors.shift();
    const slot = slots.find(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs);
    return slot !== undefined && singleErrors.length < mostSingleErrors && allowsSingleErrors(slot, atMs, slot.use);
  };
  const makers: Readonly<Record<EventType, (atMs: number) => Draft>> = {
    log: (atMs) => {
      const isError = random.next() < errorShare && mayErr(atMs);
      if (isError) singleErrors.push(atMs);
      const line = logLine(random, isError ? 'error' : 'ordinary');
      const user = random.next() < 0.7 ? { user_id: pick(random, users) } : {};
      return { type: 'log', host: `web-${1 + random.index(12)}`, ...user, ...line };
    },
    metric: (atMs) => hosts.sample(atMs),
    transaction: (atMs) => ({
      ...payment(payers.next(atMs), Math.min(9_000, Math.exp(random.normal(3.4, 1)))),
      merchant: pick(random, merchants),
      category: pick(random, categories),
      country: pick(random, countries),
      channel: random.next() < 0.6 ? 'online' : 'card_present',
    }),
  };
  return { next: (type, atMs) => makers[type](atMs) };
}

/** Machines that are sampled in turn, about every ten seconds each: busy by day, idle by night, slower when busy. */
function createHosts(random: SeededRandom, samplesPerSecond: number) {
  const count = Math.min(2_000, Math.max(3, Math.round(samplesPerSecond * secondsBetweenSamples)));
  const hosts = Array.from({ length: count }, (_, n) => ({
    name: `host-${n + 1}`,
    base: random.between(10, 30),
    swing: random.between(10, 25),
    peakAt: random.between(0.5, 0.7),
    memory: random.between(30, 60),
  }));
  let turn = 0;
  return {
    sample: (atMs: number): Draft => {
      const host = hosts[turn++ % hosts.length] as (typeof hosts)[number];
      const day = Math.cos(2 * Math.PI * ((atMs % dayMs) / dayMs - host.peakAt));
      const cpu = Math.min(74, Math.max(1, host.base + host.swing * (1 + day) + random.normal(0, 3)));
      const latency = Math.min(900, Math.max(3, 40 + cpu * 2 + random.exponential(1 / 15)));
      return {
        type: 'metric',
        host: host.name,
        metrics: {
          cpu_percent: rounded(cpu),
          latency_ms: rounded(latency),
          memory_percent: rounded(host.memory + random.normal(0, 0.5)),
        },
      };
    },
  };
}

/** Users of whom none pays more often than they may; another one comes when all have. */
function createPayers(random: SeededRandom, perSecond: number) {
  const newcomer = () => ({ user: `tok_${random.hex(16)}`, times: [] as number[] });
  const payers = Array.from({ length: Math.max(50, Math.ceil(perSecond * 120)) }, newcomer);
  return {
    next: (atMs: number): string => {
      let payer = pick(random, payers);
      while ((payer.times[0] ?? Number.POSITIVE_INFINITY) <= atMs - paymentWindowMs) payer.times.shift();
      if (payer.times.length >= mostPayments) {
        payer = newcomer();
        payers[random.index(payers.length)] = payer;
      }
      payer.times.push(atMs);
      return payer.user;
    },
  };
}

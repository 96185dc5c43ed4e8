export { ByteBudget } from './byte-budget.ts';
export { type Circuit, HandlerGuard, type HandlerGuardOptions } from './handler-guard.ts';
export { Publisher, type PublisherOptions } from './publisher.ts';
export { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';
export { StallWatchdog, type WatchdogOptions } from './stall-watchdog.ts';
export { WatchedConsumer, type WatchedConsumerOptions } from './watched-consumer.ts';

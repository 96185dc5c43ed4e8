export { eventPaths } from './api/event-paths.ts';
export { type EventApi, type EventApiOptions, startEventApi } from './event-api.ts';
export {
  analysisGroups,
  eventBatchContract,
  eventKey,
  eventStoreGroup,
  eventTopics,
  routingValue,
  shardOf,
} from './event-flow.ts';
export { type EventWorkers, type EventWorkersOptions, startEventWorkers } from './event-workers.ts';
export { builtInRules, type Produced, type ProduceState, runProducer, type Truth } from './generation/index.ts';
export { type NewEvents, type SeenEvent, SeenEvents, type SeenEventsOptions } from './seen-events.ts';
export { ensureEventPartitions, forgetEvents } from './store/event-partitions.ts';
export { type HistoryBlock, type HistoryFilter, readHistory } from './store/read-history.ts';
export { eventStreamPath } from './stream/event-streams.ts';

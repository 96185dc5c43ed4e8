export { type Generation, generateEvents } from './generate-events.ts';
export { type BuiltInRule, builtInRules, type GenerationOptions, type Truth } from './generated-event.ts';
export { type Produced, type ProduceOptions, type ProduceState, runProducer } from './produce-run.ts';

export { type Generation, generateEvents } from './generate-events.ts';
export { type BuiltInRule, builtInRules, type GenerationOptions, type Truth } from './generated-event.ts';

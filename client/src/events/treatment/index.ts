export type { DraftEvent } from './check-event.ts';
export { type EventTreatment, eventTreatment, type Treated } from './event-treatment.ts';
export { logLevel } from './log-level.ts';
export type { EventRefusal } from './refusal.ts';
export { defaultSourceTable, type TextMode, type TreatmentOptions, textModes } from './treatment-options.ts';

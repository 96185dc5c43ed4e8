export { Delivery, type DeliveryTuning } from './delivery/index.ts';
export { FilePosition } from './file-position.ts';
export { fileSource, type InputRows, readCells, readEvents, readNdjson } from './input/index.ts';
export { Intake } from './intake.ts';
export { takeInput } from './run-intake.ts';
export { type Reject, Spool } from './spool/index.ts';
export {
  type DraftEvent,
  type EventRefusal,
  type EventTreatment,
  eventTreatment,
  logLevel,
  type TextMode,
  textModes,
} from './treatment/index.ts';

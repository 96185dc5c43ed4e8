export {
  type Evidence,
  type Explanation,
  type ExplanationValue,
  evidenceEventIds,
  type Finding,
  type FindingLevel,
  findingLevels,
} from './finding.ts';
export { nameHash } from './name-hash.ts';
export { type StateForm, StateReader, StateWriter, stateInvalid } from './state-bytes.ts';
export type { DetectorScope, StreamDetector, StreamDetectorFactory } from './stream-detector.ts';
export { type EventPlace, type StreamEvent, type StreamEventType, streamEventTypes } from './stream-event.ts';

export {
  type AnonymizeOutcome,
  type AnonymizeRequest,
  anonymizeFile,
} from './anonymize-file.ts';
export {
  type AnonymizeConfig,
  algorithms,
  anonymizeConfigSchema,
  diversities,
  otherTreatments,
  tokenTreatments,
} from './anonymize-plan.ts';
export { readAnonymizeConfig } from './read-anonymize-config.ts';
export { type Required, type RequirementName, requirements } from './release-gate.ts';
export { askedOf } from './release-models.ts';

export { anonymizationProcessor } from './anonymization-processor.ts';

export { type ModelCard, modelCardSchema, parseModelCard } from './model-card.ts';
export { defaultModelCardPath, loadOnnxModel, type OnnxModelOptions } from './onnx-model.ts';
export type { RiskModel } from './risk-model.ts';
export { type ScoringProcessorOptions, scoringProcessor } from './scoring-processor.ts';

import { SdpError } from '@sdp/shared/errors';
import type { RiskModel } from './risk-model.ts';

export interface OnnxModelOptions {
  /** Path of the `.card.json`; the model file stands beside it. */
  readonly cardPath?: string;
  /** Threads of one inference. */
  readonly threads?: number;
}

/** Card of the model that comes with SDP. */
export function defaultModelCardPath(): string {
  throw new SdpError('internal');
}

/**
 * Reads a model card and the model it describes.
 *
 * @throws {ConfigError} `model-invalid` when the card isn't valid or the file isn't the one it describes
 */
export async function loadOnnxModel(_options: OnnxModelOptions = {}): Promise<RiskModel> {
  throw new SdpError('internal');
}

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { forestDetectorFactory, seriesDetectorFactory, templateDetectorFactory } from '../anomaly/index.ts';
import { compileRules, type RuleSet } from '../anomaly-rules/index.ts';
import type { StreamDetectorFactory } from '../detectors/index.ts';
import { parseYaml, unreadable } from '../settings/index.ts';
import { type RulesFile, rulesFileSchema } from './rules-file-schema.ts';

export interface LoadedRules {
  readonly file: RulesFile;
  readonly rules: RuleSet;
  /** Detectors that learn, as the file asks for them. */
  readonly detectors: readonly StreamDetectorFactory[];
  /** Of the file's bytes. */
  readonly contentHash: string;
}

/**
 * Reads a file of rules.
 *
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every place that is wrong, its line and column
 */
export async function loadRules(path: string): Promise<LoadedRules> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw unreadable(path);
  }
  return rulesOf(path, text);
}

/** @throws {ConfigError} `config-invalid` with every place that is wrong, its line and column */
export function rulesOf(path: string, text: string): LoadedRules {
  const file = parseYaml(path, text, rulesFileSchema);
  return {
    file,
    rules: compileRules(file.rules, file.settings),
    detectors: detectorsOf(file),
    contentHash: hash('sha256', text, 'hex'),
  };
}

function detectorsOf({ detectors: { forest, series, templates } }: RulesFile): StreamDetectorFactory[] {
  return [
    ...(forest.enabled ? [forestDetectorFactory(forest)] : []),
    ...(series.enabled ? [seriesDetectorFactory(series)] : []),
    ...(templates.enabled ? [templateDetectorFactory(templates)] : []),
  ];
}

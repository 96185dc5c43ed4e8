import { isMap, isScalar, type Node, type YAMLMap } from 'yaml';
import { type EventConfig, parseEventMapping } from './event-config.ts';
import { parseGatewayConfig } from './gateway-config.ts';
import { parseDocumentWith, parseRoot } from './parse-config.ts';
import type { TokenizationConfig } from './tokenization-config.ts';
import type { ConfigSource, Entry } from './yaml-entries.ts';

/** Of a file that says nothing of columns: events are treated as they are without a configuration. */
const unconfigured: TokenizationConfig = {
  sourceTable: 'events',
  default: 'error',
  strict: false,
  columns: new Map(),
};

/**
 * Reads a tokenization configuration that may say, under `event:`, which fields of the input become which of an event, and
 * under `gateway:` what becomes of metrics of OpenTelemetry; that may stand alone.
 *
 * @throws {ConfigError} `config-invalid` with every finding, each with line and column
 */
export function parseEventConfig(text: string, file?: string): EventConfig {
  return parseDocumentWith(text, file, (source) => {
    const root = source.document.contents;
    const event = isMap(root) ? takeSection(root, 'event', source) : undefined;
    const received = isMap(root) ? takeSection(root, 'gateway', source) : undefined;
    const mapping = event === undefined ? undefined : parseEventMapping(event, source);
    const gateway = received === undefined ? undefined : parseGatewayConfig(received, source);
    const isAlone = gateway !== undefined && event === undefined && isMap(root) && root.items.length === 0;
    const tokenization = isAlone ? unconfigured : parseRoot(source);
    return (
      tokenization && {
        tokenization,
        ...(mapping === undefined ? {} : { mapping }),
        ...(gateway === undefined ? {} : { gateway }),
      }
    );
  });
}

/** Takes a section out of the file: what is left is a tokenization configuration like any other. */
function takeSection(root: YAMLMap, name: string, { document }: ConfigSource): Entry | undefined {
  const pair = root.items.find(({ key }) => isScalar(key) && key.value === name);
  if (pair === undefined) return undefined;
  root.items = root.items.filter((item) => item !== pair);
  const [key, value] = [pair.key as Node, pair.value as Node | null];
  const resolved = value !== null && 'resolve' in value ? (value.resolve(document) ?? null) : value;
  return { key, name, value: resolved };
}

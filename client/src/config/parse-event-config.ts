import { isMap, isScalar, type Node } from 'yaml';
import { type EventConfig, type EventMapping, parseEventMapping } from './event-config.ts';
import { parseDocumentWith, parseRoot } from './parse-config.ts';

/**
 * Reads a tokenization configuration that may say, under `event:`, which fields of the input become which of an event.
 *
 * @throws {ConfigError} `config-invalid` with every finding, each with line and column
 */
export function parseEventConfig(text: string, file?: string): EventConfig {
  return parseDocumentWith(text, file, (source) => {
    const root = source.document.contents;
    let mapping: EventMapping | undefined;
    if (isMap(root)) {
      const pair = root.items.find(({ key }) => isScalar(key) && key.value === 'event');
      if (pair !== undefined) {
        const [key, value] = [pair.key as Node, pair.value as Node | null];
        mapping = parseEventMapping({ key, name: 'event', value }, source);
        // What is left is a tokenization configuration like any other.
        root.items = root.items.filter((item) => item !== pair);
      }
    }
    const tokenization = parseRoot(source);
    return tokenization && { tokenization, ...(mapping === undefined ? {} : { mapping }) };
  });
}

import { readFile } from 'node:fs/promises';
import { ConfigError, type Finding } from '@sdp/shared/errors';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { type AnonymizeConfig, anonymizeConfigSchema } from './anonymize-plan.ts';

/**
 * Reads the configuration of a release. A parser's messages may quote the file, so only places are passed on.
 *
 * @throws {ConfigError} `config-unreadable`, `config-invalid` with every finding
 */
export async function readAnonymizeConfig(path: string): Promise<AnonymizeConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new ConfigError('config-unreadable', { details: { file: path } });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, version: '1.2' });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (findings: readonly Finding[]): never => {
    throw new ConfigError('config-invalid', {
      message: `The configuration has ${findings.length === 1 ? 'an error' : `${findings.length} errors`}`,
      details: { findings, count: findings.length, file: path },
    });
  };
  if (document.errors.length > 0) {
    refuse(document.errors.map(({ pos }) => ({ message: 'not valid YAML', ...place(pos[0]) })));
  }
  const parsed = anonymizeConfigSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  return refuse(
    parsed.error.issues.map(({ path: keys, message }) => {
      // What is missing has no place; what it is missing from does.
      const offsets = keys.map((_, index) => {
        const node = document.getIn(keys.slice(0, keys.length - index), true);
        return isNode(node) ? node.range?.[0] : undefined;
      });
      const offset = offsets.find((each) => each !== undefined) ?? 0;
      return { message, field: keys.join('.'), ...place(offset) };
    }),
  );
}

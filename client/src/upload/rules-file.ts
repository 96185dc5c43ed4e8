import { readFile } from 'node:fs/promises';
import { batchRulesFileSchema } from '@sdp/shared/contracts';
import { scanCell } from '@sdp/shared/detection';
import { ConfigError } from '@sdp/shared/errors';
import { type Document, isMap, isNode, isScalar, type Node } from 'yaml';
import type { z } from 'zod';
import { type ConfigFindings, parseDocumentWith } from '../config/index.ts';
import { kindNames } from './judge-findings.ts';

type Path = readonly PropertyKey[];

/**
 * Reads rules over the rows of a batch and checks them here, since they are sent as they are written: for mistakes, and for
 * personal data that the server would learn from them.
 *
 * @returns the rules, unchanged
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every place that is wrong, its line and column
 */
export async function readRulesFile(path: string): Promise<readonly unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new ConfigError('config-unreadable', { details: { file: path } });
  }
  return parseDocumentWith(text, path, ({ document, findings }) => {
    const given = contentOf(document, findings);
    const parsed = batchRulesFileSchema.safeParse(given);
    for (const issue of parsed.error?.issues ?? []) {
      findings.add(nodeOf(document, issue), issue.message, issue.path.map(String).join('.') || 'file');
    }
    addRawData(given, [], document, findings);
    return parsed.success ? (given as { readonly rules: readonly unknown[] }).rules : undefined;
  });
}

function contentOf(document: Document, findings: ConfigFindings): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    findings.add(document.contents, 'holds an alias: write out what it stands for');
    return undefined;
  }
}

/** The innermost node of a place that is there: what is missing has no line of its own, what is too much has. */
function nodeOf(document: Document, { path, ...issue }: z.core.$ZodIssue): Node | undefined {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (!isNode(node)) continue;
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const keys = isMap(node) ? node.items.map(({ key }) => key) : [];
    const key = keys.find((each) => isScalar(each) && each.value === unknown);
    return isNode(key) ? key : node;
  }
  return undefined;
}

function addRawData(value: unknown, path: Path, document: Document, findings: ConfigFindings): void {
  if (typeof value === 'string' || typeof value === 'number') {
    const kind = scanCell(String(value))?.kind;
    if (kind === undefined) return;
    const node = document.getIn([...path], true);
    findings.add(
      isNode(node) ? node : undefined,
      `${kindNames[kind]}: the server would learn it; compare with its token`,
    );
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, each] of Object.entries(value)) {
      addRawData(each, [...path, Array.isArray(value) ? Number(name) : name], document, findings);
    }
  }
}

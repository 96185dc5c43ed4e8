import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@sdp/shared/errors';
import { isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigFindings } from '../config/config-findings.ts';
import { syntaxMessage } from '../config/parse-config.ts';
import {
  type ConfigSource,
  type Entry,
  entriesOf,
  itemsOf,
  nameOf,
  textOf,
  unknownKey,
  wholeNumberOf,
} from '../config/yaml-entries.ts';
import { type Question, questionFields, readQuestion, type WrittenQuestion } from './question.ts';

/** Questions that are asked, charged and answered together. */
export interface QuestionSheet {
  readonly dataset: string;
  /** Column that names the person of a record; each record is a person of its own where it is left out. */
  readonly person?: string;
  readonly recordsPerPerson: number;
  readonly confidence: number;
  readonly questions: readonly Question[];
}

const sizeLimit = 1024 * 1024;
const sheetKeys = ['dataset', 'person', 'records_per_person', 'confidence', 'questions'] as const;
const lists: readonly string[] = ['bounds', 'edges', 'categories', 'quantiles', 'groups'];

/** @throws {ConfigError} `config-unreadable`, `config-invalid` with every finding, each with line and column */
export async function readQuestionSheet(path: string): Promise<QuestionSheet> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    throw new ConfigError('config-unreadable', { details: { file: path } });
  }
  if (bytes.length > sizeLimit || !isUtf8(bytes)) {
    throw new ConfigError('config-invalid', {
      message: 'The questions are not a YAML file in UTF-8 of at most 1 MiB',
      details: { file: path },
    });
  }
  return parseQuestionSheet(bytes.toString('utf8'), path);
}

/** @throws {ConfigError} `config-invalid` */
export function parseQuestionSheet(text: string, file?: string): QuestionSheet {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, version: '1.2' });
  const findings = new ConfigFindings(lines);
  for (const { code, pos } of [...document.errors, ...document.warnings]) findings.add(pos[0], syntaxMessage(code));
  const sheet = findings.all.length === 0 ? readSheet({ document, findings }) : undefined;
  const all = findings.all;
  if (sheet === undefined || all.length > 0) {
    throw new ConfigError('config-invalid', {
      message: `The questions have ${all.length === 1 ? 'an error' : `${all.length} errors`}`,
      details: { findings: all, count: all.length, ...(file === undefined ? {} : { file }) },
    });
  }
  return sheet;
}

function readSheet(source: ConfigSource): QuestionSheet | undefined {
  const { document, findings } = source;
  const root = document.contents;
  if (!isMap(root)) {
    findings.add(root as Node | null, 'the file must be a map with dataset and questions');
    return undefined;
  }
  const entries = knownEntries(entriesOf(root, source), sheetKeys, source);
  for (const required of ['dataset', 'questions']) {
    if (!entries.has(required)) findings.add(root, `${required} is missing`);
  }
  const dataset = nameOf(entries.get('dataset'), source) ?? '';
  const person = nameOf(entries.get('person'), source);
  const recordsPerPerson = wholeNumberOf(entries.get('records_per_person'), [1, 1_000], source) ?? 1;
  if (person === undefined && recordsPerPerson > 1) {
    findings.add(entries.get('records_per_person')?.key, 'needs person: the column that tells whose a record is');
  }
  const confidence = confidenceOf(entries.get('confidence'), source);
  const written = entries.get('questions');
  if (written !== undefined && !(isSeq(written.value) && written.value.items.length > 0)) {
    findings.add(written.value ?? written.key, 'must be a list of questions', 'questions');
  }
  const questions = written === undefined ? [] : itemsOf(written, source);
  return {
    dataset,
    ...(person === undefined ? {} : { person }),
    recordsPerPerson,
    confidence,
    questions: questions.flatMap((node) => questionOf(node, { recordsPerPerson, confidence }, source) ?? []),
  };
}

function questionOf(
  node: Node | null,
  options: { readonly recordsPerPerson: number; readonly confidence: number },
  source: ConfigSource,
): Question | undefined {
  if (!isMap(node)) {
    source.findings.add(node, 'a question is a map with statistic and epsilon');
    return undefined;
  }
  const entries = knownEntries(entriesOf(node, source), questionFields, source);
  const written: Record<string, string | readonly string[] | undefined> = {};
  for (const [name, entry] of entries) {
    const texts = itemsOf(entry, source).map(textOf);
    if (texts.some((text) => text === undefined) || (texts.length !== 1 && !lists.includes(name))) {
      source.findings.add(
        entry.value ?? entry.key,
        `must be ${lists.includes(name) ? 'a list of texts or numbers' : 'one text or number'}`,
        name,
      );
      return undefined;
    }
    written[name] = lists.includes(name) ? (texts as string[]) : texts[0];
  }
  return readQuestion(written as WrittenQuestion, options, (field, message) => {
    const entry = entries.get(field);
    source.findings.add(entry?.value ?? entry?.key ?? node, message, field);
  });
}

function knownEntries(
  all: readonly Entry[],
  known: readonly string[],
  { findings }: ConfigSource,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const entry of all) {
    if (known.includes(entry.name)) entries.set(entry.name, entry);
    else findings.add(entry.key, unknownKey(entry.name, known));
  }
  return entries;
}

function confidenceOf(entry: Entry | undefined, { findings }: ConfigSource): number {
  if (entry === undefined) return defaultConfidence;
  const value = parseConfidence(textOf(entry.value) ?? '');
  if (value === undefined) findings.add(entry.value ?? entry.key, 'must be a number from 0.5 to 0.999', 'confidence');
  return value ?? defaultConfidence;
}

export const defaultConfidence = 0.95;

/** A share from 0.5 to 0.999. */
export function parseConfidence(text: string): number | undefined {
  const value = /^0?\.\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0.5 && value <= 0.999 ? value : undefined;
}

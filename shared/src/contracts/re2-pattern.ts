import { RE2JS } from 're2js';
import { z } from 'zod';

/** A regular expression that takes time linear in the text, whoever wrote it ([RE2](https://github.com/google/re2/wiki/Syntax)). */
export const re2PatternSchema = z.string().max(1_000).refine(isPattern, 'is no pattern of RE2');

function isPattern(source: string): boolean {
  try {
    RE2JS.compile(source);
    return true;
  } catch {
    return false;
  }
}

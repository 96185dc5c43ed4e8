import { logWords } from './log-words.ts';
import { wildcard } from './mask-line.ts';

/** Stands for a word that is not shown. */
const hiddenWord = '<word>';
const longestText = 240;
const onlyMarks = /^[!-/:-@[-`{-~]+$/;
const capitalized = /^[A-Z][a-z]+$/;
/** After these a capital letter begins a sentence, not a name. */
const beginnings = new Set([':', ';', '.', '...', '-', '(', '[', '{', '"', "'", '|', '!']);

/**
 * A template as findings show it: variables as `<*>`, and of the words only those that programs write of themselves
 * (`logWords` and those given); any other is `<word>`, however often it was seen. Values of keys are never shown, nor
 * is a capitalized word within a sentence.
 */
export function templateText(tokens: readonly string[], moreWords: ReadonlySet<string>): string {
  const shown = tokens.map((token, place) => shownToken(token, tokens[place - 1], moreWords));
  const text = shown
    .join(' ')
    .replace(/ ([,;:.)\]}!?]+)(?= |$)/g, '$1')
    .replace(/([([{]) /g, '$1')
    .replace(/ ?= ?/g, '=');
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

function shownToken(token: string, before: string | undefined, moreWords: ReadonlySet<string>): string {
  if (token === wildcard) return token;
  if (onlyMarks.test(token)) return token.slice(0, 3);
  if (before === '=') return wildcard;
  const isWithinSentence = before !== undefined && !beginnings.has(before.slice(0, 3));
  if (isWithinSentence && capitalized.test(token) && !moreWords.has(token.toLowerCase())) return hiddenWord;
  return isShown(token, moreWords) ? token : hiddenWord;
}

/** `ConnectionRefused`, `read_timeout` and `java.net` are words, each in its place. */
function isShown(token: string, moreWords: ReadonlySet<string>): boolean {
  if (moreWords.has(token.toLowerCase())) return true;
  if (!/^[A-Za-z][A-Za-z._/:#$*~&-]*$/.test(token) || token.length > 80) return false;
  return token
    .split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .every((part) => part === '' || logWords.has(part.toLowerCase()) || moreWords.has(part.toLowerCase()));
}

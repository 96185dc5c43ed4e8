const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
  ŀ: 'l',
};

/**
 * Writes a text the way words are compared: lower case, full-width forms narrowed, marks of Latin, Greek and Cyrillic
 * letters gone. Those of kana, Hangul and Indian scripts stay, for there they are letters.
 */
export function foldText(text: string): string {
  const lower = text.normalize('NFKC').toLowerCase();
  if (/^\p{ASCII}*$/u.test(lower)) return lower;
  return lower
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/[ßøłđðþæœıŀ]/g, (letter) => letters[letter] ?? letter);
}

/** Words of a text, folded: runs of letters (with their vowel signs) and runs of digits. */
export function foldedWords(text: string): string[] {
  return foldText(text).match(/[\p{L}\p{M}]+|\p{N}+/gu) ?? [];
}

/** Words of a column's name: `custPhone_2`, `DATE-OF-BIRTH`, `Имя клиента` taken apart and folded. */
export function columnNameWords(name: string): string[] {
  const apart = name
    .slice(0, 128)
    .normalize('NFC')
    .replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ')
    .replace(/(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1 ');
  return foldedWords(apart);
}

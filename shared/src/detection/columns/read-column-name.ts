import { columnNameWords, foldText } from './fold-word.ts';
import { headerWords, type NamedType } from './header-words.ts';
import { unspacedHeaderWords } from './header-words-cjk.ts';
import { otherHeaderWords } from './header-words-other.ts';
import { widerHeaderWords } from './header-words-wider.ts';

/** What a column's name says. */
export interface NameReading {
  readonly type?: NamedType;
  /** `exact`: the whole name says so; `part`: a part of it does, among words that are not known. */
  readonly strength: 'exact' | 'part' | 'none';
  /** The name speaks of something beside a person's data: `email_verified`, `product name`, `phone_service`. */
  readonly about?: true;
}

/** Left out before names are compared. */
const prepositions = new Set(
  'of the a an in at de da do dos das del della dello di du des d la le les el los las l und et y e i av af van der den het dla na w z und am im von vom zur zum to for your my our please enter is'.split(
    ' ',
  ),
);

/** Whose data it is, or which of several: says nothing of the type. */
const qualifiers = new Set(
  'customer cust client user usr member patient person contact contacts employee emp holder owner primary secondary main alt alternate alternative other home work business office private personal billing shipping delivery mailing residential residence permanent current guest passenger student subscriber recipient sender buyer seller applicant insured borrower tenant donor voter respondent raw value text field col column full new old original orig dest src source data info detail code number numbers num nr no nbr num n nº kunde kunden klient kontakt mitarbeiter benutzer mitglied patienten inhaber privat geschaftlich cliente usuario paciente contacto empleado socio titular funcionario aluno contato utente paziente dipendente socio contatto intestatario klant gebruiker medewerker klienta pracownika pacjenta kontaktowy domowy kund anvandare medlem kunde bruker asiakas kayttaja zakaznika klienta musteri kullanici hasta calisan клиента клиент пользователя сотрудника пациента контактный spouse father mother parent guardian doctor agent driver emergency mobile resident location cust'.split(
    ' ',
  ),
);

/** After one of these the column is about the data, not the data itself. */
const aboutWords = new Set(
  'service services count counts verified valid flag type types status domain provider optin consent enabled allowed available lines plan model format quality score rate template campaign subject sent opened bounced clicks clicked frequency preference preferences marketing district version size length total sum avg average min max mean std support tech paperless visits loads page pages first returning unique security backup protection hash hashed label labels currency tax taxed level'.split(
    ' ',
  ),
);

/** Words for a party stand for its name only where they are all that the column is called. */
const nameWords = new Set(
  'name names nom nombre nome naam nazwa namn navn nimi jmeno nume ad adi имя название meno nama नाम'.split(' '),
);

/** With these in front, `name` is no person's. */
const thingWords = new Set(
  'product file host server domain event course school class brand model item app application device table column field database project team department dept branch store shop vendor supplier merchant bank hospital book movie film song track album artist category group organization organisation account campaign plan service queue region country city state street road category species animal pet ship vessel station airport airline hotel restaurant food drug medicine disease test job task process function variable feature layer node image folder path package library module class tag topic board site page menu variety'.split(
    ' ',
  ),
);

const spaced = new Map<string, NamedType>();
const unspaced: [string, NamedType][] = [];
for (const words of [headerWords, otherHeaderWords, widerHeaderWords]) {
  for (const [type, names] of Object.entries(words) as [NamedType, string][]) {
    for (const name of names.split(', ')) {
      const key = columnNameWords(name).join('');
      if (!spaced.has(key)) spaced.set(key, type);
    }
  }
}
for (const [type, names] of Object.entries(unspacedHeaderWords) as [NamedType, string][]) {
  for (const name of names.split(', ')) unspaced.push([foldText(name).replace(/\s/g, ''), type]);
}
unspaced.sort(([a], [b]) => b.length - a.length);
/** Endings of compounds as Germanic languages and Finnish make them. */
const endings = [...spaced]
  .filter(([name, type]) => name.length >= 5 && type !== 'name')
  .sort(([a], [b]) => b.length - a.length);

const namesOfPersons: ReadonlySet<NamedType> = new Set<NamedType>(['first_name', 'last_name', 'full_name', 'name']);

const withoutSpaces = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** Reads a column's name, in any of some forty languages, abbreviations included. */
export function readColumnName(name: string): NameReading {
  if (withoutSpaces.test(name)) return readUnspaced(name);
  const all = columnNameWords(name);
  const words = all.filter((word) => !prepositions.has(word) && !/^\p{N}+$/u.test(word));
  if (words.length === 0) return { strength: 'none' };
  const whole = spaced.get(words.join('')) ?? spaced.get(all.join(''));
  if (whole !== undefined) return { type: whole, strength: 'exact' };

  let best: { type: NamedType; from: number; to: number; length: number } | undefined;
  for (let from = 0; from < words.length; from += 1) {
    for (let to = words.length; to > from; to -= 1) {
      const type = namedBy(words.slice(from, to));
      const length = to - from;
      // Among equals the last one: the head of a name stands at its end in most of the languages.
      if (type !== undefined && (best === undefined || length >= best.length)) {
        if (best !== undefined && length === best.length && isFiller(type)) continue;
        best = { type, from, to, length };
      }
    }
  }
  if (best === undefined) return readCompound(words);
  const found = best;
  const rest = words.filter((_, index) => index < found.from || index >= found.to);
  if (rest.some((word) => aboutWords.has(word))) return { type: found.type, strength: 'part', about: true };
  if (found.type === 'name' && rest.some((word) => thingWords.has(word) || isThing(word))) {
    return { type: 'organization', strength: 'part', about: true };
  }
  const parts = new Set([found.type, ...rest.map((word) => spaced.get(word))]);
  if (parts.size > 1 && [...parts].every((type) => type !== undefined && namesOfPersons.has(type)))
    return { type: 'full_name', strength: 'exact' };
  const onlyQualifiers = rest.every((word) => qualifiers.has(word) || spaced.get(word) === 'name');
  if (found.type === 'row_id' && rest.length > 0) return readCompound(words, found.type);
  return { type: found.type, strength: onlyQualifiers ? 'exact' : 'part' };
}

function namedBy(words: readonly string[]): NamedType | undefined {
  const type = spaced.get(words.join(''));
  return type === 'name' && !nameWords.has(words.join('')) ? undefined : type;
}

/** Words that many names end in and that tell little. */
function isFiller(type: NamedType): boolean {
  return (
    type === 'row_id' ||
    type === 'category' ||
    type === 'date' ||
    type === 'name' ||
    type === 'boolean' ||
    type === 'amount'
  );
}

function isThing(word: string): boolean {
  const type = spaced.get(word);
  return type === 'organization' || type === 'category' || type === 'url' || type === 'job';
}

function readCompound(words: readonly string[], otherwise?: NamedType): NameReading {
  const last = words.at(-1) as string;
  const ending = endings.find(([name]) => last.length > name.length && last.endsWith(name));
  if (ending !== undefined) return { type: ending[1], strength: 'part' };
  return otherwise === undefined ? { strength: 'none' } : { type: otherwise, strength: 'part' };
}

function readUnspaced(name: string): NameReading {
  const text = foldText(name).replace(/[\s_\-()（）【】[\]:：*]/g, '');
  const found =
    unspaced.find(([word]) => text === word) ??
    unspaced.find(([word]) => word.length > 1 && text.includes(word)) ??
    unspaced.find(([word]) => text.endsWith(word));
  if (found === undefined) return { strength: 'none' };
  return { type: found[1], strength: text.length - found[0].length <= 2 ? 'exact' : 'part' };
}

import { foldText } from './fold-word.ts';

/** Words that streets are called by, folded: whole words, and endings of compounds. */
const streetWords = new Set(
  (
    'street st road rd avenue ave av boulevard blvd bvd lane ln drive dr court ct way terrace ter crescent cres close place pl square sq parkway pkwy highway hwy circle cir circuit cct trail trl alley plaza grove gardens walk row mews loop pike parade esplanade ' +
    'strasse str weg platz gasse allee ring ufer damm chaussee steig graben ' +
    'rue chemin impasse quai cours allees passage route sentier faubourg place ruelle ' +
    'calle c avenida avda carrera cra callejon camino paseo ronda pasaje plaza carretera glorieta rambla travesia calzada calleja urbanizacion prolongacion privada cerrada circuito retorno canada ' +
    'via viale piazza corso largo vicolo contrada strada piazzale borgo salita lungomare rotonda incrocio ' +
    'rua travessa praca alameda rodovia estrada largo quadra viela ladeira beco loteamento condominio esplanada ' +
    'straat laan plein gracht kade weg singel dreef hof steeg boulevard pad ' +
    'ulica ul aleja al plac pl osiedle os rondo skwer ' +
    'gata gatan vag vagen grand torg allen stigen gate gaten vei veien plass vej gade gaden alle straede torv ' +
    'katu tie kuja polku kaari ' +
    'ulice namesti trida nabrezi cesta trg ulitsa ' +
    'улица ул проспект пр просп переулок пер площадь пл шоссе бульвар набережная наб вулиця вул проезд спуск ' +
    'utca ut ter korut koz setany sor ' +
    'strada str calea bulevardul bd aleea intrarea piata soseaua splaiul ' +
    'sokak sokagi sok sk cadde caddesi cad mahallesi mahalle mah bulvari blv ' +
    'οδος λεωφορος πλατεια jalan jl gang jln duong pho ngo marg nagar chowk path gali colony sector road galli enclave vihar ' +
    'sraid bothar heol ffordd box'
  ).split(' '),
);
const streetEnding =
  /(?:strasse|straße|str|gasse|platz|allee|damm|ufer|straat|laan|plein|gracht|kade|singel|dreef|gatan|gata|vagen|stigen|veien|vegen|vej|gade|gaden|katu|kuja|polku|graben|steig)$/;
const eastAsianAddress =
  /[都道府県省].{1,8}[市区郡县]|[市区町村郡縣县].*\d|\d+\s*(?:丁目|番地?|号|號|弄|栋|室)|[\p{Script=Han}](?:路|街|巷|道|胡同|大道)(?:\d|$|[\p{Script=Han}])|(?:시|군|구|도)\s.*(?:로|길|동|읍|면)(?:\s|\d|$)|[가-힣](?:로|길)\s?\d/u;

/** `street`: a word for streets and a number; `word`: the word alone; `number`: words with a house number. */
export function addressShape(value: string): 'street' | 'word' | 'number' | undefined {
  if (value.length < 4 || value.length > 200 || /@|:\/\//.test(value)) return undefined;
  if (eastAsianAddress.test(value)) return 'street';
  const words = foldText(value).match(/[\p{L}\p{M}]+/gu) ?? [];
  // Identifiers of letters and digits have no blanks.
  if (words.length === 0 || (!/\s/.test(value.trim()) && !streetEnding.test(words[0] as string))) return undefined;
  const named =
    words.some((word, index) => streetWords.has(word) && (word.length > 2 || index > 0 || words.length > 1)) ||
    words.some((word) => word.length > 5 && streetEnding.test(word));
  const numbered =
    /^\s*(?:n[o°º.]*\s*)?\d{1,6}(?:[-/]\d{1,5})?\s?\p{L}?\b[ ,]+\p{L}{2,}/iu.test(value) ||
    /\p{L}{2,}[.,]?\s+(?:n[.rº°o]*\s*:?\s*|nr\.?\s*|no\.?\s*:?|№\s*|д\.?\s*)?\d{1,5}(?:\s?[-/]\s?\d{1,5}[a-z]?)?\s?\p{L}?(?:$|[\s,;])/iu.test(
      value,
    );
  if (named)
    return numbered ? 'street' : words.length > 1 || words.some((word) => streetEnding.test(word)) ? 'word' : undefined;
  return numbered ? 'number' : undefined;
}

const legalForms =
  /(?:^|[\s,(])(?:inc|llc|llp|ltd|limited|plc|corp|corporation|co|company|group|holding|holdings|gmbh|ag|kg|ohg|ug|e\.? ?k|gruppe|gbr|sa|sas|sarl|s\.?r\.?l|s\.?p\.?a|eurl|snc|sci|gie|s\.?l|s\.?a|sociedad|hermanos|grupo|ltda|eireli|s\/a|e figli|et fils|and sons|und sohne|zonen|bv|b\.v|nv|n\.v|vof|groep|ab|hb|oy|oyj|as|asa|a\/s|aps|i\/s|sp\.? ?z ?o\.? ?o|s\.?r\.?o|a\.?s|k\.s|kft|zrt|bt|nyrt|d\.o\.o|ooo|ооо|зао|оао|пао|тов|ип|ao|ад|оод|еоод|α\.?ε|ο\.?ε|ε\.?π\.?ε|a\.?ş|sti|pt|cv|pvt|consulting|solutions|services|systems|bank|university|hospital|industries|partners|associates|enterprises|foundation|institute)\.?(?:$|[\s,)])|株式会社|有限会社|合同会社|公司|集团|企业|주식회사|\(주\)|유한회사/iu;
const twoOwners =
  /^\p{L}[\p{L}'’-]+(?:,? (?:and|und|et|e|y|i|ja|og|och|en|&) |, [^,]+ (?:and|und|et|e|y|i|ja|og|och|en|&) |-(?=\p{Lu}))\p{L}+/u;

/** Names of firms: a legal form, or the names of their owners strung together. */
export function isOrganizationShaped(value: string): boolean {
  return legalForms.test(foldText(value)) || twoOwners.test(value);
}

/** Forms of postal codes that say by themselves what they are. */
export function isDistinctPostalCode(value: string): boolean {
  return /^(?:〒\s?\d{3}-\d{4}|\d{3}-\d{4}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3}|\d{5}-\d{4}|\d{4} ?[A-Z]{2}|\d{3} \d{2}|(?:LV|MD|AD|L|A|D|CH|B|F|I|FI|SE|DK|N)-\d{3,5}|BT\d ?\d[A-Z]{2})$/i.test(
    value,
  );
}

/** Forms that a postal code can have. */
export function isPostalShaped(value: string): boolean {
  return isDistinctPostalCode(value) || /^(?:\d{3,7}(?:\.0)?|\d{3}[ -]\d{2,4})$/.test(value);
}

const addressParts = /[._%+\-\p{L}\p{N}]/u;

/** An e-mail address as a whole cell. Letters of any script: `rubén.reina@hotmail.com`. */
export function isEmailCell(value: string): boolean {
  if (value.length > 254 || !value.includes('@')) return false;
  const text = value.replace(/^mailto:/i, '').replace(/^.*<([^<>]+)>$/, '$1');
  const match = /^([^\s@,;:<>()[\]"]{1,64})@([^\s@,;:<>()[\]"]{3,253})$/u.exec(text);
  if (match === null) return false;
  return (
    addressParts.test(match[1] as string) &&
    /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.[\p{L}\p{N}-]{2,}$/u.test(match[2] as string)
  );
}

/** How a telephone number may be written; `plus` and `grouped` say more than digits alone. */
export function phoneShape(value: string): 'plus' | 'grouped' | 'trunk' | 'digits' | undefined {
  const text = value
    .replace(/\s*(?:x|ext\.?|extension|#|durchwahl|poste|wewn\.?)\s?\d{1,6}$/i, '')
    .replace(/^(?:tel|phone|t|m)[.:]\s*/i, '');
  if (!/^[+(\d０-９][\d０-９\s().\-/–‑+]{4,26}$/.test(text)) return undefined;
  const digits = text.normalize('NFKC').replace(/\D/g, '');
  if (digits.length < 6 || digits.length > 15) return undefined;
  if (/^\(?\+/.test(text)) return digits.length >= 8 ? 'plus' : 'digits';
  if (/^\d+$/.test(text)) {
    if (/^00[1-9]/.test(text) && digits.length >= 10) return 'plus';
    return /^0[1-9]\d{7,9}$/.test(text) ? 'trunk' : digits.length >= 7 ? 'digits' : undefined;
  }
  if (/^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}$/.test(text) || /^\d+\.\d+$/.test(text) || /^\d{3}-\d{2}-\d{4}$/.test(text))
    return undefined;
  if (digits.length < 7) return undefined;
  if (
    /^\(0?\d{1,5}\)\s?[\d\s./-]{5,}$/.test(text) ||
    /^0\d{1,5}[\s/.-]/.test(text) ||
    /^1?[-. ]?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}$/.test(text)
  )
    return 'grouped';
  const groups = text.split(/[\s.\-/]+/);
  // Numbers of things come in longer groups, or end in a check digit: `514-3917-23473`, `69315-36-8`.
  const short = groups.every((group) => group.length <= 4) && (groups.at(-1) as string).length > 1;
  return digits.length >= 8 && digits.length <= 12 && groups.length >= 3 && (short || /\s/.test(text))
    ? 'grouped'
    : 'digits';
}

const monthNames =
  'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|januar|februar|marz|mai|juni|juli|okt|dez|janv|fevr|avr|juin|juil|aout|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|fev|out|sty|lut|kwi|maj|cze|lip|sie|wrz|paz|lis|gru|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек';
const monthPattern = new RegExp(`(?:^|[\\s./,-])(?:${monthNames})\\p{L}*`, 'iu');

/** The year of a cell that is a calendar date, with or without a time; two digits are put into this or the last century. */
export function yearOfDate(value: string, thisYear: number): number | undefined {
  const text = value.normalize('NFKC').trim();
  if (text.length < 6 || text.length > 80) return undefined;
  const day =
    /^(.{6,30}?)(?:[T\s,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[ap]\.?m\.?)?\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$/i.exec(
      text,
    )?.[1] ?? text;
  const short = (digits: string) => (Number(digits) > thisYear % 100 ? 1900 : 2000) + Number(digits);
  let match =
    /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})\.?$/.exec(day) ??
    /^(\d{4})(年|년 ?)(\d{1,2})(?:月|월 ?)(\d{1,2})(?:日|일)$/.exec(day);
  if (match !== null) return yearIf(Number(match[1]), Number(match[3]), Number(match[4]));
  match = /^(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})\.?$/.exec(day);
  if (match !== null) {
    const year = (match[4] as string).length === 4 ? Number(match[4]) : short(match[4] as string);
    return yearIf(year, Math.min(Number(match[1]), Number(match[3])), Math.max(Number(match[1]), Number(match[3])));
  }
  match = /^((?:18|19|20)\d\d)(\d\d)(\d\d)$/.exec(day);
  if (match !== null) return yearIf(Number(match[1]), Number(match[2]), Number(match[3]));
  if (monthPattern.test(foldText(day)) && /\d/.test(day)) {
    const year = /(?:^|\D)((?:18|19|20)\d\d)(?:\D|$)/.exec(day)?.[1];
    return year === undefined ? undefined : Number(year);
  }
  return undefined;
}

function yearIf(year: number, month: number, day: number): number | undefined {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && year >= 1800 && year <= 2200 ? year : undefined;
}

export const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\/\d{1,2}|:\d{2,5})?$/;
export const ipv6 =
  /^(?!\d{1,2}(?::\d{2}){1,2}$)(?=.*::|(?:[0-9a-f]{1,4}:){7})[0-9a-f:]{2,39}(?:%\w+)?(?:\/\d{1,3})?$/i;
export const mac = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$/i;
export const url = /^(?:(?:https?|ftp|wss?):\/\/|www\.)\S+$/i;
/** A URL that carries a user's name and password. */
export const urlWithCredentials = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@:]+:[^\s/@]+@\S+$/i;
/** Keys and digests of passwords whose form says what they are. */
export const secret =
  /^(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|xox[abprs]-\S{10,}|sk_(?:live|test)_\w{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]*|\$2[abxy]?\$\d\d\$\S{53}|\$argon2\S+|-----BEGIN .*KEY-----.*)$/;
export const coordinate = /^[+-]?(?:1[0-7]\d|\d{1,2})\.\d{3,}$/;

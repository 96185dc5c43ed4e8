/** What is made up for the leak test: distinctive enough to be found nowhere by chance. */
export interface PlantedCustomers {
  readonly csv: Buffer;
  /** Configuration that names a method for every column. */
  readonly config: string;
  /** Everything that must not be found: whole values, their lines, their longer words and their digits alone. */
  readonly needles: readonly string[];
  readonly columns: readonly string[];
  readonly rowCount: number;
}

const personalColumns = [
  ['customer_id', '{ method: token }'],
  ['full_name', '{ method: token }'],
  ['email', '{ method: token, namespace: people.email }'],
  ['phone', '{ method: token }'],
  ['national_id', '{ method: hash }'],
  ['card_number', '{ method: mask, keep_last: 4 }'],
  ['iban', '{ method: redact }'],
  ['address', '{ method: token }'],
  ['remark', '{ method: drop }'],
] as const;
const features = ['LIMIT_BAL', 'EDUCATION', 'PAY_0', 'PAY_2', 'PAY_3', 'PAY_4', 'PAY_5', 'PAY_6'] as const;
const amounts = ['BILL_AMT', 'PAY_AMT'].flatMap((name) => [1, 2, 3, 4, 5, 6].map((month) => `${name}${month}`));

/** One a line of the file; the cells in the order of {@link personalColumns}. */
const people: readonly (readonly string[])[] = [
  // As most rows are.
  [
    'CUST-Zq7401-Kx',
    'Quillermo Brasbyfield',
    'q.brasbyfield@vornholt.example',
    '+1 415-555-2671',
    '536-90-4399',
  ].concat('4929 0812 3456 7899', 'GB33BUKB20201555555555', '114 Thrumpton Crescent', 'prefers lettercorrespondence'),
  // Quotes, commas and apostrophes.
  [
    'CUST-Zq7402-Kx',
    'Yolandra "Moonbeam" O’Grauntley, Jr.',
    '"y.grauntley"@vornholt.example',
    '(212) 555-0188',
    '219-09-9997',
  ].concat(
    '5425-2334-3010-9903',
    'DE89 3704 0044 0532 0130 00',
    '7, "The Wexcombe", Stapleford',
    'said: "nevermore-again"',
  ),
  // Outside ASCII: composed, decomposed, another script, outside the basic plane.
  ['CUST-Zq7403-Kx', 'Åsbjørg Þórvaldsdóttir', 'åsbjørg@þórvald.example', '+47 22 85 50 50', '078-05-1121'].concat(
    '374245455400126',
    'NO9386011117947',
    'Sjøgløttveien 19, Ærøskøbing',
    'fródleikur-og-skemmtun',
  ),
  [
    'CUST-Zq7404-Kx',
    'Ze\u0301phyrine Beauxcha\u0302teaux',
    'zephyrine@beauxchateaux.example',
    '+33 1 42 68 53 00',
    '457-55-5462',
  ].concat(
    '3530111333300000',
    'FR1420041010050500013M02606',
    '23 rue des Pâquerettes-Étranges',
    'à rappeler-impérativement',
  ),
  [
    'CUST-Zq7405-Kx',
    '渡辺錦之介 太郎座衛門',
    'kinnosuke@watanabe-example.example',
    '+81 3-5253-1111',
    '323-45-6789',
  ].concat('6011000990139424', 'IL620108000000099999999', '東京都千代田区霞が関二丁目 🏯🗾', '𝔨𝔢𝔦𝔫𝔢 𝔚𝔢𝔯𝔟𝔲𝔫𝔤'),
  // Line ends inside a cell.
  [
    'CUST-Zq7406-Kx',
    'Wilhelmina\nvan Ooijkensteyn',
    'w.ooijkensteyn@vornholt.example',
    '+31 20 555 0143',
    '212-45-9871',
  ].concat(
    '4556737586899855',
    'NL91ABNA0417164300',
    'Kromboomsloot 88\nAchterhuis boven\n1011GW Zwanenburgwal',
    'first-contact\r\nsecond-contact',
  ),
  // Blanks around, tabs within; a formula's first character.
  [
    'CUST-Zq7407-Kx',
    '  Hieronymus   Blatherwick\t',
    ' h.blatherwick@vornholt.example ',
    ' +44 20 7946 0958 ',
    '415-83-2246',
  ].concat('4539578763621486', 'GB82WEST12345698765432', '=Nettlebedworth House', '@blatherwick-handle'),
];

const featureRows = people.map((_, at) => [
  String(20_000 + at * 30_000),
  String(1 + (at % 3)),
  ...['0', '0', '-1', String(at % 3), '0', '0'],
  ...amounts.map((_name, month) => String(1_000 + at * 137 + month * 11)),
]);

const quote = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

export function plantedCustomers(): PlantedCustomers {
  const header = [...personalColumns.map(([name]) => name), ...features, ...amounts];
  const rows = people.map((cells, at) => [...cells, ...(featureRows[at] ?? [])]);
  const csv = [header, ...rows].map((row) => `${row.map(quote).join(',')}\r\n`).join('');
  const config = [
    'source_table: customers',
    'key_column: customer_id',
    'default: keep',
    'columns:',
    ...personalColumns.map(([name, method]) => `  ${name}: ${method}`),
    '',
  ].join('\n');
  const needles = [...new Set(people.flat().flatMap(needlesOf))];
  return { csv: Buffer.from(csv), config, needles, columns: header, rowCount: rows.length };
}

/** The value, and what would be left of it if it were trimmed, cut into lines or words, folded, or stripped to its digits. */
export function needlesOf(value: string): string[] {
  const parts = [value, value.trim(), ...value.split(/\r?\n/), ...(value.match(/[\p{L}\p{M}-]{9,}/gu) ?? [])];
  const folded = [value.toLowerCase(), value.toUpperCase(), value.normalize('NFC'), value.normalize('NFD')];
  const digits = value.replace(/\D/g, '');
  return [...parts, ...folded, ...(digits.length >= 9 ? [digits] : [])].filter((part) => Buffer.byteLength(part) >= 8);
}

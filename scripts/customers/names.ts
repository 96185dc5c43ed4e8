/** Given and family names from many places; who bears a combination of them is made up. */
export const givenNames = (
  'Aaliyah Adele Aisha Alejandra Amara Ana Andrzej Anika Arjun Ayşe Beatriz Björn Carlos Chiara Chloé Daniel Deepika ' +
  'Dmitri Eilidh Elena Emeka Emil Fatima Felix Françoise Gabriel Grace Hana Hassan Ines Isabel Ivan Jamal Jana Jiří ' +
  'João José Joseph Kaito Karim Katarzyna Kofi Lars Leila Liam Lucía Magnus Mai Malik María Marta Mehmet Mei Miguel ' +
  'Nadia Ngozi Noah Olga Oluwaseun Omar Oscar Paul Pedro Priya Rafael Ravi René Rosa Saoirse Samuel Sara Siddharth ' +
  'Sofia Søren Stefan Sven Tariq Thandiwe Tomás Ursula Valentina Viktor Wei Xin Yara Yusuf Zanele Zoë'
).split(' ');

export const familyNames = (
  'Abubakar Adeyemi Ahmed Almeida Andersson Baker Banerjee Bauer Bennett Bianchi Castillo Chen Cohen Costa Dubois ' +
  'Dvořák Eriksson Farah Fernández Fischer Fraser García González Gupta Haddad Hansen Hernández Hoang Ibrahim Ito ' +
  'Ivanova Jensen Johnson Kamau Kaya Khan Kim Kowalski Kumar Larsen Laurent Lefèvre Lindqvist López MacDonald Mbeki ' +
  'Meyer Moreau Müller Murphy Nakamura Ndlovu Nguyen Novák Nowak Nuñez Okafor Okonkwo Oliveira Öztürk Park Patel ' +
  'Pereira Petrov Popescu Quispe Rahman Reyes Rossi Sánchez Santos Schmidt Schröder Sharma Silva Singh Smith Sokolov ' +
  'Suzuki Takahashi Tanaka Taylor Thompson Torres Tran Vasquez Wagner Walker Wang Weiß Williams Wójcik Yamamoto Yıldız Zhang'
).split(' ');

/** Family names that CSV tools stumble over. */
export const oddFamilyNames = [
  "O'Brien",
  "D'Angelo",
  'García Márquez',
  'Smith-Jones',
  'van der Berg',
  'Møller-Nielsen',
];

/** City and the shape of its postal codes: `#` is a digit, `@` a letter. */
export const cities: readonly (readonly [city: string, postalCode: string])[] = [
  ['Lisboa', '1###-###'],
  ['São Paulo', '0####-###'],
  ['München', '80###'],
  ['Zürich', '80##'],
  ['Kraków', '30-###'],
  ['Málaga', '290##'],
  ['Nîmes', '300##'],
  ['Århus', '80##'],
  ['Łódź', '90-###'],
  ['Portland', '972##'],
  ['Washington, D.C.', '200##'],
  ['London, Ontario', 'N6@ #@#'],
  ['Leeds', 'LS# #@@'],
  ['Glasgow', 'G## #@@'],
  ['Utrecht', '35## @@'],
  ['Lagos', '10####'],
  ['Nairobi', '001##'],
  ['Mumbai', '4000##'],
  ['Osaka', '53#-####'],
  ['Quezon City', '11##'],
];

/** The ways in which servers, templates and tools write a value into a text. */
export type Spelling = readonly [name: string, write: (value: string) => string];

const percent = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
const bytesOf = (value: string) => [...Buffer.from(value, 'utf8')];
const special = (value: string, write: (character: string) => string) =>
  value.replace(/[^A-Za-z0-9]/g, (character) => write(character));
const hexOf = (character: string, digits: number) => (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0');
const wrapped = (text: string, columns: number, lineBreak = '\n') =>
  (text.match(new RegExp(`[\\s\\S]{1,${columns}}`, 'g')) ?? []).join(lineBreak);
const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
const base64url = (text: string) => Buffer.from(text, 'utf8').toString('base64url');

const NAMES: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  '+': 'plus',
  '/': 'sol',
  '=': 'equals',
  ':': 'colon',
  '.': 'period',
  _: 'lowbar',
};

const PLAIN: readonly Spelling[] = [
  ['as it is', (value) => value],
  ['in JSON', (value) => JSON.stringify(value)],
  ['in JSON as PHP writes it', (value) => JSON.stringify(value).replaceAll('/', '\\/')],
  ['in JSON in JSON', (value) => JSON.stringify(JSON.stringify(value))],
  ['in JSON in JSON as PHP writes it', (value) => JSON.stringify(JSON.stringify(value).replaceAll('/', '\\/'))],
  ['with \\u00xx', (value) => special(value, (character) => `\\u${hexOf(character, 4)}`)],
  ['with \\u00XX', (value) => special(value, (character) => `\\u${hexOf(character, 4).toUpperCase()}`)],
  ['with \\xXX', (value) => special(value, (character) => `\\x${hexOf(character, 2)}`)],
  ['with a backslash before each sign', (value) => special(value, (character) => `\\${character}`)],
  ['as a part of a URL', encodeURIComponent],
  [
    'as a part of a URL, in lower case',
    (value) => encodeURIComponent(value).replace(/%../g, (hex) => hex.toLowerCase()),
  ],
  ['encoded for a URL twice', (value) => encodeURIComponent(encodeURIComponent(value))],
  [
    'encoded for a URL twice, in lower case',
    (value) => encodeURIComponent(encodeURIComponent(value)).replace(/%../g, (hex) => hex.toLowerCase()),
  ],
  ['encoded for a URL, each character', (value) => bytesOf(value).map(percent).join('')],
  ['as a URL', encodeURI],
  ['in XML', (value) => special(value, (sign) => (/[&<>"']/.test(sign) ? `&${NAMES[sign]};` : sign))],
  ['with decimal entities', (value) => special(value, (sign) => `&#${sign.codePointAt(0)};`)],
  ['with hexadecimal entities', (value) => special(value, (sign) => `&#x${hexOf(sign, 2)};`)],
  ['with hexadecimal entities in capitals', (value) => special(value, (sign) => `&#X${hexOf(sign, 4).toUpperCase()};`)],
  ['with named entities', (value) => special(value, (sign) => (NAMES[sign] === undefined ? sign : `&${NAMES[sign]};`))],
  ['all entities', (value) => [...value].map((character) => `&#${character.codePointAt(0)};`).join('')],
  ['escaped for HTML twice', (value) => special(value, (sign) => `&amp;#${sign.codePointAt(0)};`)],
  ['in JSON in HTML', (value) => JSON.stringify(value).replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
  ['entities in a URL', (value) => encodeURIComponent(special(value, (sign) => `&#${sign.codePointAt(0)};`))],
  ['in hex', (value) => Buffer.from(value).toString('hex')],
  ['in HEX', (value) => Buffer.from(value).toString('hex').toUpperCase()],
  ['in hex with colons', (value) => wrapped(Buffer.from(value).toString('hex'), 2, ':')],
  [
    'in hex with dashes, as .NET writes it',
    (value) => wrapped(Buffer.from(value).toString('hex').toUpperCase(), 2, '-'),
  ],
  ['in hex with spaces', (value) => wrapped(Buffer.from(value).toString('hex'), 2, ' ')],
];

const IN_BASE64: readonly Spelling[] = ['', 'x', 'xy'].flatMap((before): Spelling[] => [
  [`in base64 behind ${before.length} bytes`, (value) => base64(`${before}${value}`)],
  [`in base64 amid others behind ${before.length} bytes`, (value) => base64(`${before}${value}ab`)],
  [`in base64url behind ${before.length} bytes`, (value) => base64url(`${before}${value}`)],
  [`in base64 in a URL behind ${before.length} bytes`, (value) => encodeURIComponent(base64(`${before}${value}`))],
  [`in base64 in JSON behind ${before.length} bytes`, (value) => base64(`${before}${value}`).replaceAll('/', '\\/')],
  [`in base64 of 24 columns behind ${before.length} bytes`, (value) => wrapped(base64(`${before}${value}`), 24)],
  [
    `in base64 of 76 columns behind ${before.length} bytes`,
    (value) => wrapped(base64(`${before}${value}`), 76, '\r\n'),
  ],
  [
    `in base64url of 20 columns, indented, behind ${before.length} bytes`,
    (value) => wrapped(base64url(`${before}${value}`), 20, '\n    '),
  ],
  [
    `in base64 of 24 columns, in JSON, behind ${before.length} bytes`,
    (value) => JSON.stringify(wrapped(base64(`${before}${value}`), 24)),
  ],
]);

const OVER_LINES: readonly Spelling[] = [
  ['over lines', (value) => wrapped(value, 9)],
  ['over lines of Windows, indented', (value) => wrapped(value, 7, '\r\n\t')],
  ['over lines, in JSON', (value) => JSON.stringify(wrapped(value, 9))],
  ['with a space in it', (value) => wrapped(value, Math.ceil(value.length / 2), ' ')],
  ['quoted-printable', (value) => wrapped(value, 11, '=\r\n')],
  ['over lines, for a shell', (value) => wrapped(value, 11, '\\\n')],
  ['with soft hyphens', (value) => wrapped(value, 8, '\u00ad')],
];

export const SPELLINGS: readonly Spelling[] = [...PLAIN, ...IN_BASE64, ...OVER_LINES];

/** Secrets of each form that the backends hand out, and with every sign that a spelling changes. */
export const CANARIES: readonly string[] = [
  'key_4711abc:s3cr+t/VaLueQ~W.ertyUIOP_asdf-1234',
  'aB3/xY+9/Qq==zzzz',
  's3cr3t/+value=="x"&<>\'y',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P',
  '0123456789abcdef0123456789abcdef01234567',
  'c3VwZXItc2VjcmV0LXRva2VuLWluLWJhc2U2NA==',
  '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
  'P4ss%2Fw0rd%with%25percent',
  'back\\slash\\nand\\u0041rest',
  'AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY',
  '~!@#$^*()_+{}|:;<>?,./-=[]',
  'Tr0ub4dor&3=more&amp;less;',
];

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../src/testing/files.ts';

/** A text that a user may read, and its place. */
interface Message {
  readonly at: string;
  readonly text: string;
}

const all: readonly Message[] = execFileSync(process.execPath, [join(ROOT, 'scripts', 'messages.mjs')], {
  encoding: 'utf8',
  maxBuffer: 16 * 1024 * 1024,
})
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [at = '', ...text] = line.split('\t');
    return { at, text: text.join('\t') };
  });

/** Words that avoid those of the trade, and what to write in their place. */
const OLD_STYLE: readonly (readonly [RegExp, string])[] = [
  [/\bmend(?:s|ed)?\b/i, 'fix'],
  [/\bask(?:s|ed|ing)? (?:once|again|after|how|for the status)\b/i, 'poll, retry, look up'],
  [/\bhow (?:it|a job) stands\b/i, 'status'],
  [/\btwo questions\b|\bstatus question\b/i, 'poll'],
  [/\bgives? nothing back\b/i, 'does not support download'],
  [/\b(?:of|has) another form\b/i, 'malformed'],
  [/\bwithout us\b/i, 'the job keeps running'],
  [/\bthat there (?:is|are) not\b/i, 'that does not exist'],
  [/\bis none\b|\bwhich is no\b|\bis no such\b/i, 'is not a …'],
  [/\bhas no use for\b/i, 'does not take'],
  [/\bto go on\b|\bgoes on\b/i, 'continue, keep waiting, resume'],
  [/\bnot asked for\b/i, 'skipped, not requested'],
  [/\bis (?:not )?true\b|\bNOT TRUE\b/, 'valid'],
  [/\bsound archive\b/i, 'valid archive'],
  [/\b(?:holds|held) no\b/i, 'has no'],
  [/\btells? of\b/i, 'has, contains'],
  [/\bstands in\b/i, 'is in'],
  [/\blast heard\b/i, 'last response'],
  [/\ball is well\b/i, 'success'],
  [/\bat their defaults\b/i, 'has its default'],
  [/\bexcepts\b/i, 'exempts'],
  [/\b(?:has|have) not(?: *[:;,.]|$)/, 'does not have'],
  [/\bwhoever\b|\bsomebody\b|\bnobody (?!\$|\{)/i, 'you, a person, the administrator'],
  [/\ball the same\b/i, 'may have succeeded, already'],
  [/\bno known format\b|\bnot known here\b/i, 'unknown'],
  [/\bmay not (?!be an)/i, 'must not, is not allowed'],
  [/\bside by side\b/i, 'in parallel'],
  [/\btake(?:s)? the place of\b/i, 'replace'],
  [/\bwas asked for\b/i, 'was requested'],
  [/\b(?:no|empty) answer\b|\banswer (?:too|in)\b/i, 'response'],
];

test('every text that users read is found', () => {
  const texts = all.map(({ text }) => text);

  expect(all.length).toBeGreaterThan(1000);
  expect(texts).toContain('check the job reference, and that the credentials belong to the same tenant');
  expect(texts).toContain('{…}unknown backend{…}; known: {…}');
  expect(all.some(({ at }) => at.startsWith('recipes/'))).toBe(true);
  expect(all.find(({ text }) => text === 'no such job: {…}')?.at).toMatch(/^src\/transfer\/wait\/poll\.ts:\d+$/);
});

test.each(OLD_STYLE)('no message says %s', (banned, instead) => {
  // What a schema says of a field is for programmers, who read null and true as values.
  const found = all.filter(
    ({ at, text }) => banned.test(text) && !/^src\/contract\/|command-data|document\.ts/.test(at),
  );

  expect(
    found.map(({ at, text }) => `${at} ${text}`),
    `write: ${instead}`,
  ).toEqual([]);
});

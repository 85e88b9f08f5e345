import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/contract/text/redact.ts';
import { quotedLines, safeJson, safeLine } from '../../src/contract/text/safe-text.ts';

const redactor = createRedactor();
redactor.add('key_id:very_secret_value');

describe('F-SRV-32: text of a server', () => {
  test.each([
    ['an escape sequence', '\u001b[2Jgone', '\\u{1b}[2Jgone'],
    ['a link (OSC 8)', '\u001b]8;;http://evil\u0007x', '\\u{1b}]8;;http://evil\\u{7}x'],
    ['a carriage return', 'good\rbad', 'good\\u{d}bad'],
    ['C1 controls', 'a\u009bb', 'a\\u{9b}b'],
    ['bidi controls', 'a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
    ['zero-width characters', 'a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
    ['line separators', 'a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
    ['what is not drawn', 'a\u00adb\u3164c\u{e0041}', 'a\\u{ad}b\\u{3164}c\\u{e0041}'],
  ])('shows %s instead of obeying it', (_, text, shown) => {
    expect(safeLine(text, redactor)).toBe(shown);
  });

  test.each([
    ['::set-output name=x::y', '\\::set-output name=x::y'],
    ['  ::error::x', '  \\::error::x'],
    ['see ##[command]rm', 'see #\\#[command]rm'],
    ['##vso[task.setvariable]x', '#\\#vso[task.setvariable]x'],
    ['##\ufe0fvs\u034fo[task.complete]x', '#\\#\ufe0fvs\u034fo[task.complete]x'],
    ["##teamcity[buildStatus text='x']", "#\\#teamcity[buildStatus text='x']"],
  ])('breaks the workflow command %j', (text, shown) => {
    expect(safeLine(text, redactor)).toBe(shown);
  });

  test('stands behind a prefix, line by line, so that none begins a line of its own', () => {
    expect(quotedLines('server said: first\r\n::error::second\nthird', redactor)).toEqual([
      'apptool| server said: first',
      'apptool| \\::error::second',
      'apptool| third',
    ]);
  });

  test('B-106: our own secret in it is replaced', () => {
    expect(quotedLines('server said: your key key_id:very_secret_value is odd', redactor)).toEqual([
      'apptool| server said: your key [redacted] is odd',
    ]);
  });

  test('a megabyte is cut', () => {
    expect(safeLine('x'.repeat(1_000_000), redactor).length).toBeLessThan(5_000);
  });
});

test('JSON is one line of printable ASCII that parses back, without secrets', () => {
  const value = { text: 'é \u202e \u001b[0m key_id:very_secret_value', list: ['https://s.example/x?sig=abc'] };

  const json = safeJson(value, redactor);

  expect(json).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(json)).toEqual({ text: 'é \u202e \u001b[0m [redacted]', list: ['https://s.example/x?[redacted]'] });
});

/**
 * What a flag is called elsewhere, by that name. Node.js takes `--env-file` for its own wherever it stands, and ends where there is no such file
 * (https://github.com/nodejs/node/issues/54232): it reaches us where there is one, and cannot be what we call it.
 */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = { 'env-file': 'env-out' };

/** The arguments with the flags in our spelling, up to the end of the flags. */
export function inOurSpelling(argv: readonly string[]): readonly string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.map((argument, at) => {
    const [, name = '', rest = ''] = (at < end ? /^--([a-z-]+)(=.*)?$/s.exec(argument) : null) ?? [];
    const ours = OTHER_SPELLINGS[name];
    return ours === undefined ? argument : `--${ours}${rest}`;
  });
}

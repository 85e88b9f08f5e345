import { FLAGS, type Flag } from '../flags.ts';

/** One word of a command line: an option (perhaps with its value behind `=`), the value of the option before it, or an operand. */
export type Token =
  | { readonly is: 'option'; readonly text: string; readonly flag: Flag | null }
  | { readonly is: 'value'; readonly text: string; readonly flag: Flag }
  | { readonly is: 'operand'; readonly text: string };

/** The words up to a lone `--`; what is behind it is for somebody else. */
export function tokensOf(argv: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  let open: Flag | null = null;
  for (const text of argv) {
    if (open !== null) {
      tokens.push({ is: 'value', text, flag: open });
      open = null;
    } else if (text === '--') break;
    else if (text.startsWith('-') && text !== '-') {
      const flag = flagOf(text.split('=')[0] ?? '');
      tokens.push({ is: 'option', text, flag });
      if (flag !== null && flag.type !== 'switch' && !text.includes('=')) open = flag;
    } else tokens.push({ is: 'operand', text });
  }
  return tokens;
}

function flagOf(option: string): Flag | null {
  return (
    FLAGS.find(({ name, short }) => option === `--${name}` || (short !== undefined && option === `-${short}`)) ?? null
  );
}

export function operandsOf(argv: readonly string[]): readonly string[] {
  return tokensOf(argv).flatMap((token) => (token.is === 'operand' ? token.text : []));
}

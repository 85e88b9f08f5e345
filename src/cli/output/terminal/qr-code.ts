import { encode } from 'uqr';
import type { Room } from '../render/step-list.ts';

/** The quiet zone that readers want is 4 modules (ISO/IEC 18004, section 6.3.8); 2 are enough for phones, and save rows. */
const BORDER = 2;
/** Rows that are kept for what stands above and below. */
const OTHER_ROWS = 2;

/**
 * An address as a QR code of half blocks, two modules to a row; `null` where there is no room for all of it. Dark modules are dark: by colours
 * where `hasColor`, and else as on a dark background, which is more frequent.
 */
export function qrLines(address: string, { columns, rows }: Room, hasColor: boolean): readonly string[] | null {
  const { data, size } = encode(address, { ecc: 'L', border: BORDER });
  const height = Math.ceil(size / 2);
  if (size > columns || height + OTHER_ROWS > rows) return null;
  return Array.from({ length: height }, (_, row) => {
    const [upper = [], lower = []] = [data[row * 2], data[row * 2 + 1]];
    const blocks = upper.map((isDark, x) => BLOCKS[Number(isDark)]?.[Number(lower[x] ?? false)] ?? ' ').join('');
    // White on black, whatever the theme: 97 and 40 are among the 16 colours of every terminal that has any.
    return hasColor ? `\u001b[97;40m${blocks}\u001b[0m` : blocks;
  });
}

/** Light modules are what is drawn; by whether the upper and the lower one are dark. */
const BLOCKS: readonly (readonly string[])[] = [
  ['█', '▀'],
  ['▄', ' '],
];

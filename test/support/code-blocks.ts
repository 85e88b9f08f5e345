import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../src/testing/files.ts';

/** The code of a page in one language, block by block, in order. */
export async function codeBlocks(page: string, language: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code);
}

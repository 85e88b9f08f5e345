// Writes docs/reference.md from the code: every command, flag, variable and default. A test fails where the page differs.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, runSource } from './run-source.mjs';

const { reference } = await runSource('src/cli/output/published-schemas.ts');
await writeFile(join(root, 'docs/reference.md'), reference());

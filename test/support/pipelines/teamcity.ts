import { cp, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { temporaryFolder } from '../../../src/testing/files.ts';
import { type CiVariables, COMMIT, runScript } from '../ci-shell.ts';
import { type JobResult, machine, picked } from './machine.ts';

export interface Configuration {
  readonly name: string;
  readonly text: string;
  readonly scripts: readonly string[];
  readonly secrets: readonly string[];
  /** Of which configuration it needs what, and where that goes. */
  readonly needs: readonly { readonly from: string; readonly file: string; readonly to: string }[];
  readonly artifacts: readonly string[];
  readonly limitMinutes: number;
}

/** The configurations that a settings file in Kotlin declares, as far as the recipe goes. */
export function configurations(text: string): Configuration[] {
  return text
    .split(/^object /m)
    .slice(1)
    .map((one) => {
      const said = (pattern: RegExp): string => pattern.exec(one)?.[1] ?? '';
      const lines = (found: string): string[] => found.split('\\n').filter(Boolean);
      return {
        name: said(/^(\w+)/),
        text: one,
        scripts: [...one.matchAll(/scriptContent = "([^"]*)"/g)].map(([, script = '']) => script),
        secrets: [...one.matchAll(/password\("env\.(\w+)"/g)].map(([, name = '']) => name),
        needs: lines(said(/artifacts \{ artifactRules = "([^"]*)"/)).map((line) => {
          const [file = '', to = ''] = line.split(' => ');
          return { from: said(/dependency\((\w+)\)/), file, to };
        }),
        artifacts: lines(said(/^ {4}artifactRules = "([^"]*)"/m)),
        limitMinutes: Number(said(/executionTimeoutMin = (\d+)/)),
      };
    });
}

/** Runs the chain: each configuration in a checkout of its own, and between them go artifacts alone. */
export async function runTeamcity(text: string, ci: CiVariables): Promise<Readonly<Record<string, JobResult>>> {
  const { secrets, env } = ci;
  const stores: Record<string, string> = {};
  const results: Record<string, JobResult> = {};
  for (const { name, scripts, secrets: names, needs, artifacts } of configurations(text)) {
    const folder = await machine(ci);
    for (const { from, file, to } of needs) {
      await mkdir(join(folder, to), { recursive: true });
      await cp(join(stores[from] ?? '', file), join(folder, to, file));
    }
    let [code, log] = [0, ''];
    for (const script of scripts) {
      if (code !== 0) break;
      const result = await runScript(['sh'], `${script}\n`, {
        cwd: folder,
        env: {
          ...env,
          ...picked(secrets, names),
          TEAMCITY_VERSION: '2025.11',
          BUILD_VCS_NUMBER: COMMIT,
          BUILD_NUMBER: '7',
        },
      });
      code = result.code ?? -1;
      log += result.stdout + result.stderr;
    }
    const store = await temporaryFolder();
    const kept: string[] = [];
    for (const path of artifacts)
      await cp(join(folder, path), join(store, basename(path))).then(
        () => kept.push(basename(path)),
        () => {},
      );
    stores[name] = store;
    results[name] = { code, log, kept };
    if (code !== 0) break;
  }
  return results;
}

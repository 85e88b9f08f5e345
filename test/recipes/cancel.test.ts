import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { atEnd } from '../../src/testing/cleanup.ts';
import { type FaultProxy, faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { bigApk, ROOT, temporaryFolder } from '../../src/testing/files.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { ciVariables, receiptIn, recipe, runScript, TOOL } from '../support/ci-shell.ts';
import { cancelAsGithub, cancelAsGitlab, cancelAsJenkins, processesWith } from '../support/engines/cancel.ts';
import { runAction } from '../support/github-workflow.ts';
import { gitlabJobs } from '../support/gitlab-pipeline.ts';
import { ofToday } from '../support/share.ts';

const MIB = 1024 * 1024;
const SILENT = { times: 1_000, fault: faults.silence() };
const PART: PlannedFault = { ...SILENT, origin: 'storage', method: 'PUT', path: /^\/part\//, after: 2 };
const STATUS: PlannedFault = { ...SILENT, method: 'GET', path: /\/status\// };

/** A folder with an app of several parts, a backend that says nothing from some moment on, and a variable that all processes of the job have. */
async function jobBefore(fault: PlannedFault) {
  const folder = await temporaryFolder();
  const box = await sandbox({ multipartFromBytes: 1, chunkSizeBytes: 5 * MIB, appearMs: 0 });
  const proxy = await faultProxy(box, [fault]);
  await bigApk(join(folder, 'app.apk'), 17 * MIB, 'hole');
  const mark = randomUUID();
  const { env, secrets } = await ciVariables(proxy.variables, { JOB_MARK: mark }, 'a process');
  const left = () => processesWith(`JOB_MARK=${mark}`);
  atEnd(() => {
    for (const pid of left()) process.kill(pid, 'SIGKILL');
  });
  return { folder, box, proxy, env: { ...env, ...secrets }, left };
}

/** Cancels a job at the moment of the fault. A job that ends before it is sent nothing. */
async function cancelled<T>(
  job: Promise<T>,
  proxy: FaultProxy,
  cancel: () => Promise<NodeJS.Signals[]>,
): Promise<{ readonly result: T; readonly sent: readonly NodeJS.Signals[] }> {
  const hasStruck = () => (proxy.struck[0] ?? 0) > 0;
  await Promise.race([job, vi.waitUntil(hasStruck, { timeout: 20_000, interval: 10 })]);
  const sent = hasStruck() ? await cancel() : [];
  return { result: await job, sent };
}

/** Keeps the process of a script. */
function starting() {
  const seen: { child?: ChildProcess } = {};
  const started = (child: ChildProcess): void => {
    seen.child = child;
  };
  const child = (): ChildProcess => seen.child ?? expect.unreachable('nothing was started');
  return { started, child };
}

const CANCELLED = { runs: [{ ended: { errorClass: 'cancelled' } }] };

/** What a job has started is told by /proc. */
const onLinux = test.runIf(existsSync('/proc/self/environ'));

const MOMENTS = [
  ['parts are sent', PART, /no build was started; the uploaded data was removed/],
  ['a build is waited for', STATUS, /to keep waiting: apptool wait apptego:\d+/],
] as const;

onLinux.each(ofToday(MOMENTS))(
  'GitHub cancels while %s: the step ends by the first signal, with its receipt, outputs and report, and leaves no process',
  async (_, fault, hint) => {
    const { folder, box, proxy, env, left } = await jobBefore(fault);
    const given = { url: TOOL.APPTOOL_URL, integrity: TOOL.APPTOOL_INTEGRITY };
    const options = { file: 'app.apk', environment: 'prod', receipt: 'r.json', junit: 'r.xml' };
    const { started, child } = starting();

    const step = runAction(recipe('github/action.yml'), { ...given, ...options }, { folder, env, started });
    const { result, sent } = await cancelled(step, proxy, () => cancelAsGithub(child()));

    expect(sent, result.log).toEqual(['SIGINT']);
    expect(left()).toEqual([]);
    expect(result.code, result.log).toBe(130);
    expect(result.log).toMatch(hint);
    expect(result.outputs).toMatchObject({ exit_code: '130', error_class: 'cancelled', receipt: 'r.json' });
    expect(receiptIn(folder, 'r.json')).toMatchObject(CANCELLED);
    expect(await readFile(join(folder, 'r.xml'), 'utf8')).toContain('<error');
    expect(box.store.openUploads()).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(['app.apk', 'r.json', 'r.xml']);
  },
);

/**
 * What a runner of GitLab has bash execute: the lines of the job by `eval` in a shell below it (gitlab-org/gitlab-runner, shells/bash.go:
 * BashWriter.Finish, bashExitOnScriptTerminationSignal).
 */
function gitlabScript(lines: readonly string[]): string {
  const quoted = `'${lines.join('\n').replaceAll("'", `'\\''`)}'`;
  return `trap exit 1 TERM\n\nset -o pipefail; set -o errexit\nset +o noclobber\n: | (eval ${quoted})\nexit 0\n`;
}

onLinux(
  'GitLab cancels while parts are sent: the group ends by the first signal, with its receipt and reports',
  async () => {
    const { folder, box, proxy, env, left } = await jobBefore(PART);
    const { jobs, variables } = gitlabJobs(recipe('gitlab/apptool.gitlab-ci.yml'));
    const { before_script: before = [], script } = jobs.get('protect') ?? { script: [] };
    const { started, child } = starting();
    const given = { ...variables, ...env, APP_FILE: 'app.apk' };

    const lines = gitlabScript([...before, ...script]);
    const job = runScript(['bash'], lines, { cwd: folder, env: given, isGroup: true, started });
    const { result, sent } = await cancelled(job, proxy, () => cancelAsGitlab(child(), () => left().length === 0));

    expect(sent, result.stderr).toEqual(['SIGTERM']);
    expect(left()).toEqual([]);
    expect(result.code, result.stderr).not.toBe(0);
    expect(result.stderr).toContain('no build was started; the uploaded data was removed');
    expect(receiptIn(folder, 'protect.json')).toMatchObject(CANCELLED);
    expect(await readFile(join(folder, 'protect.env'), 'utf8')).toContain('APPTOOL_RESULT_ERROR_CLASS=cancelled\n');
    expect(await readFile(join(folder, 'protect.xml'), 'utf8')).toContain('<error');
    expect(box.store.openUploads()).toEqual([]);
  },
);

/** The scripts between triple quotes, in their order, as Groovy reads them. */
function jenkinsScripts(source: string): string[] {
  return [...source.matchAll(/'''([\s\S]*?)'''/g)].map(([, script = '']) => script.replaceAll('\\\n', ''));
}

/** How a script is started: below a shell that keeps its exit code, with a cookie that this shell has not (jenkinsci/durable-task-plugin, BourneShellScript.java). */
function durableTask(control: string, cookie: string): string {
  return `JENKINS_SERVER_COOKIE=please-do-not-kill-me
export JENKINS_SERVER_COOKIE
jsc=${cookie}; JENKINS_SERVER_COOKIE=$jsc sh -xe '${control}/script.sh' > '${control}/log.txt' 2>&1; echo $? > '${control}/result.txt'
`;
}

onLinux(
  'Jenkins stops a build while parts are sent: what has the cookie ends in time, and the step has its exit code',
  async () => {
    const { folder, box, proxy, env, left } = await jobBefore(PART);
    const scripts = jenkinsScripts(recipe('jenkins/Jenkinsfile'));
    const [install = '', protect = ''] = [/npm ci /, / protect /].map((part) => scripts.find((one) => part.test(one)));
    const control = await temporaryFolder();
    const cookie = `durable-${randomUUID()}`;
    const options = {
      cwd: folder,
      env: { ...env, WORKSPACE_TMP: await temporaryFolder(), APP_FILE: 'app.apk', APP_ENVIRONMENT: 'prod' },
    };
    await runScript(['sh', '-xe'], install, options);
    await writeFile(join(control, 'script.sh'), protect);

    const step = runScript(['sh'], durableTask(control, cookie), options);
    const { sent } = await cancelled(step, proxy, () => cancelAsJenkins(cookie));

    const log = await readFile(join(control, 'log.txt'), 'utf8');
    expect(sent, log).toEqual(['SIGTERM']);
    expect(left()).toEqual([]);
    expect(await readFile(join(control, 'result.txt'), 'utf8'), log).toBe('143\n');
    expect(log).toContain('no build was started; the uploaded data was removed');
    expect(receiptIn(folder, 'protect.json')).toMatchObject(CANCELLED);
    expect(box.store.openUploads()).toEqual([]);
  },
);

const CONFIG = {
  releases: { production: { protect: { backend: 'apptego', environment: 'prod' }, publish: ['applivery'] } },
};
const ALONE = ['alone', 'SIGINT', 130, (child: ChildProcess) => cancelAsGithub(child)] as const;
const GROUP = [
  'with its group',
  'SIGTERM',
  143,
  (child: ChildProcess, isOver: () => boolean) => cancelAsGitlab(child, isOver),
] as const;
const RELEASE = ['release.sh', 'app.apk prod autoappstore', 'protect.json'] as const;
const BY_CONFIG = ['release-by-config.sh', 'r.json production app.apk', 'r.json'] as const;

const SCRIPTS = [
  [...RELEASE, ...ALONE],
  [...RELEASE, ...GROUP],
  [...BY_CONFIG, ...ALONE],
] as const;

// What apptool.sh does with a signal is in its own test.
onLinux.each(ofToday(SCRIPTS))(
  '%s (%s, %s) is signalled %s: it hands that on, and begins nothing more',
  async (name, args, receipt, _, signal, code, cancel) => {
    const { folder, box, proxy, env, left } = await jobBefore(PART);
    await writeFile(join(folder, 'apptool.config.json'), JSON.stringify(CONFIG));
    const { started, child } = starting();
    const script = `set -- ${args}\n${recipe(`shell/${name}`)}`;

    const job = runScript(['sh'], script, { cwd: folder, env, isGroup: true, started });
    const { result, sent } = await cancelled(job, proxy, () => cancel(child(), () => left().length === 0));

    expect(sent, result.stderr).toEqual([signal]);
    expect(left()).toEqual([]);
    expect(result.code, result.stderr).toBe(code);
    expect(result.stderr).toContain('no build was started; the uploaded data was removed');
    expect(receiptIn(folder, receipt)).toMatchObject(CANCELLED);
    expect(box.store.openUploads()).toEqual([]);
  },
);

test('every other recipe starts apptool, or the script that hands signals on, in the place of its shell', () => {
  const files = readdirSync(join(ROOT, 'recipes'), { recursive: true, encoding: 'utf8' });
  const lines = files
    .filter((name) => !name.startsWith('shell/') && statSync(join(ROOT, 'recipes', name)).isFile())
    .flatMap((name) =>
      recipe(name)
        .split('\n')
        .map((line) => `${name}: ${line}`),
    )
    .filter((line) => /(?:\bnode"?|\bsh) [^#]*(?:apptool\.js"|"\$apptool"|ci\/apptool\.sh) /.test(line));

  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((line) => !/\bexec (?:sh|node|"\$\w+(?:\/\w+)*\/node") /.test(line))).toEqual([]);
});

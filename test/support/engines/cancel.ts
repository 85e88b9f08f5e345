import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How each CI stops the script of a job, with the signals and times that its runner has. Each returns the signals that it had to send. */

/** The steps of a runner: a signal, and how long it then waits for the end (ms). */
type Steps = readonly (readonly [signal: NodeJS.Signals, waitMs: number])[];

async function carryOut(steps: Steps, send: (signal: NodeJS.Signals) => void, isOver: () => boolean) {
  const sent: NodeJS.Signals[] = [];
  for (const [signal, waitMs] of steps) {
    send(signal);
    sent.push(signal);
    const until = performance.now() + waitMs;
    while (!isOver() && performance.now() < until) await sleep(10);
    if (isOver()) break;
  }
  return sent;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/**
 * GitHub's: SIGINT to the process of the step alone, SIGTERM after 7.5 s, SIGKILL 2.5 s later (github.com/actions/runner,
 * src/Runner.Sdk/ProcessInvoker.cs: CancelAndKillProcessTree, _sigintTimeout, _sigtermTimeout, NixKillProcessTree).
 */
export async function cancelAsGithub(child: ChildProcess): Promise<NodeJS.Signals[]> {
  const steps: Steps = [
    ['SIGINT', 7_500],
    ['SIGTERM', 2_500],
    ['SIGKILL', 0],
  ];
  return await carryOut(
    steps,
    (signal) => void child.kill(signal),
    () => hasEnded(child),
  );
}

/**
 * GitLab's: SIGTERM to the process group, SIGKILL after ten minutes (gitlab.com/gitlab-org/gitlab-runner, helpers/process/killer.go and
 * killer_unix.go); here after those of apptool's own 5 s. The job is over when nobody holds its output any more.
 */
export async function cancelAsGitlab(child: ChildProcess, isOver: () => boolean): Promise<NodeJS.Signals[]> {
  const steps: Steps = [
    ['SIGTERM', 8_000],
    ['SIGKILL', 0],
  ];
  return await carryOut(steps, (signal) => void process.kill(-(child.pid ?? Number.NaN), signal), isOver);
}

/**
 * Jenkins': SIGTERM to each process that has the cookie of the workspace in its environment, those below it first, and 5 s for all of them; it
 * never sends SIGKILL (jenkinsci/durable-task-plugin, FileMonitoringTask.java: stop; jenkinsci/jenkins, hudson/util/ProcessTree.java: killAll, killRecursively,
 * softKillWaitSeconds).
 */
export async function cancelAsJenkins(cookie: string): Promise<NodeJS.Signals[]> {
  const name = `JENKINS_SERVER_COOKIE=${cookie}`;
  const found = processesWith(name).sort((a, b) => b - a);
  return await carryOut(
    [['SIGTERM', 5_000]],
    (signal) => {
      for (const pid of found) process.kill(pid, signal);
    },
    () => processesWith(name).length === 0,
  );
}

/** The processes that have a variable in the environment that they were started with, by /proc. */
export function processesWith(variable: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(variable))
    .map(Number);
}

function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile, or belongs to somebody else.
    return [];
  }
}

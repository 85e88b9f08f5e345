import type { ErrorRecord } from '../../../contract/result-document.ts';
import { element, escapeMarkup } from '../markup.ts';
import type { Part } from '../run-parts.ts';
import type { Subject } from './subjects.ts';

/** In characters. */
export const LONGEST_NAME = 200;
const MOST_FINDINGS = 300;

/** What was judged and found wrong, is a failure; what could not be done is an error. */
const FAILURES = ['rejected', 'job-failed', 'integrity'];

type Outcome = 'passed' | 'failures' | 'errors' | 'skipped';

export interface Case {
  readonly name: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** Elements in it. */
  readonly content: readonly string[];
  readonly isFinding?: boolean;
}

/** A text as it may be shown, cut. */
export type Shown = (text: string, longest?: number) => string;

export function casesOf(subject: Subject, nowMs: number, shown: Shown): readonly Case[] {
  return [...partCases(subject, nowMs, shown), ...findingCases(subject, shown)];
}

function partCases(subject: Subject, nowMs: number, shown: Shown): Case[] {
  const { parts, expected, error, isOver, doneBefore: before } = subject;
  const failed = error === null ? null : failedPart(parts, expected);
  return expected.flatMap((name): Case[] => {
    const part = parts.find((one) => one.name === name);
    const earlierMs = before(name);
    const durationMs = part === undefined ? (earlierMs ?? 0) : (part.endedAtMs ?? nowMs) - part.beganAtMs;
    if (error !== null && name === failed) return [failedCase(name, durationMs, error, subject.isOptional, shown)];
    if (part !== undefined || earlierMs !== null) return [{ name, outcome: 'passed', durationMs, content: [] }];
    return error === null && isOver ? [] : [skippedCase(name)];
  });
}

function skippedCase(name: string): Case {
  return { name, outcome: 'skipped', durationMs: 0, content: [element('skipped', {})] };
}

/** The one that was under way, or the one after the last that was done. */
function failedPart(parts: readonly Part[], expected: readonly string[]): string | undefined {
  const last = parts.at(-1);
  if (last === undefined) return expected[0];
  const next = expected[expected.indexOf(last.name) + 1];
  return last.isDone && next !== undefined ? next : last.name;
}

function failedCase(name: string, durationMs: number, error: ErrorRecord, isOptional: boolean, shown: Shown): Case {
  const isFailure = FAILURES.includes(error.class);
  const lines = [error.message, ...(error.hint === null ? [] : [`hint: ${error.hint}`])].map((line) => shown(line));
  if (isOptional) {
    const text = escapeMarkup([`not required; ${error.class}: ${lines[0] ?? ''}`, ...lines.slice(1)].join('\n'));
    return { name, outcome: 'skipped', durationMs, content: [element('skipped', {}), element('system-out', {}, text)] };
  }
  const content = element(
    isFailure ? 'failure' : 'error',
    { type: error.class, message: shown(error.message, LONGEST_NAME) },
    escapeMarkup(lines.join('\n')),
  );
  return { name, outcome: isFailure ? 'failures' : 'errors', durationMs, content: [content] };
}

function findingCases({ findings, isOptional }: Subject, shown: Shown): Case[] {
  const cases = findings.slice(0, MOST_FINDINGS).map(({ code, severity, message }): Case => {
    const text = escapeMarkup(`${severity} ${shown(code)}: ${shown(message)}`);
    const isBlocking = severity === 'blocking' && !isOptional;
    return {
      name: shown(`${code}: ${message}`, LONGEST_NAME),
      outcome: isBlocking ? 'failures' : 'passed',
      durationMs: 0,
      content: [
        isBlocking
          ? element('failure', { type: severity, message: shown(message, LONGEST_NAME) }, text)
          : element('system-out', {}, text),
      ],
      isFinding: true,
    };
  });
  const left = findings.length - cases.length;
  const name = `and ${left} more findings`;
  return left > 0 ? [...cases, skippedCase(name)] : cases;
}

import type { ResultDocument, StepResult, TargetRecord } from '../../contract/result-document.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { holdsCommand } from '../../contract/text/safe-text.ts';

/**
 * What a value may be made of. Others put them into shells and into files of other formats: so no quotes, `$`, `;`, `|`, `<`, `&`,
 * backticks, no line breaks, nothing invisible; and no dash in front, which a command would take for a flag.
 */
const FORMS = {
  yesOrNo: /^(?:true|false)$/,
  number: /^\d{1,16}$/,
  sha256: /^[0-9a-f]{64}$/,
  /** Words of our own: a command, a phase, a class of error. */
  words: /^[a-z]+(?:[ -][a-z]+)*$/,
  /** A backend's own word. */
  status: /^[A-Za-z][\w.-]{0,63}(?: [\w.-]{1,63}){0,3}$/,
  backend: /^[A-Za-z][\w-]{0,63}$/,
  jobId: /^\w[\w./%-]{0,1023}$/,
  job: /^[A-Za-z][\w-]{0,63}:[\w./%-]{1,1024}$/,
  /** An address without a query: its signs mean something to shells. */
  link: /^https?:\/\/[\w.-]+(?::\d{1,5})?(?:\/[\w.~%@:-]*){0,50}$/,
  packageName: /^[A-Za-z0-9][\w.-]{0,254}$/,
  versionName: /^(?![ -])(?!.*\p{DI})[\p{L}\p{M}\p{N} ._+()-]{1,100}(?<! )$/u,
  fileName: /^(?![ -])(?!.*\p{DI})[\p{L}\p{M}\p{N} ._+@=,:~#()[\]-]{1,255}(?<! )$/u,
  path: /^(?![ -])(?!.*\p{DI})[\p{L}\p{M}\p{N} ._+@=,:~#()[\]/\\-]{1,1024}(?<! )$/u,
} as const;

type Form = keyof typeof FORMS;
type Value = string | number | boolean | null | undefined;

/** What the values are read from; `one` is the run, or the only target that it has. */
interface Source {
  readonly document: ResultDocument;
  readonly one: ResultDocument | TargetRecord;
  readonly receipt: string | null;
}

/** The fixed names, the most important first. GitHub's outputs have them; `APPTOOL_RESULT_` and capitals make the keys of the other files. */
export const RUN_VALUES: Readonly<Record<string, readonly [Form, (source: Source) => Value]>> = {
  ok: ['yesOrNo', ({ document }) => document.ok],
  exit_code: ['number', ({ document }) => document.exitCode],
  rehearsal: ['words', ({ document }) => document.rehearsal],
  error_class: ['words', ({ document }) => document.error?.class],
  command: ['words', ({ document }) => document.command],
  backend: ['backend', ({ one }) => one.backend],
  job: ['job', ({ one }) => one.job?.ref],
  job_id: ['jobId', ({ one }) => one.job?.id],
  phase: ['words', ({ one }) => one.state?.phase],
  status: ['status', ({ one }) => one.state?.status],
  link: ['link', ({ one }) => one.links.install],
  page: ['link', ({ one }) => one.links.page],
  output: ['path', ({ document }) => document.output?.path],
  receipt: ['path', ({ receipt }) => receipt],
  output_sha256: ['sha256', ({ document }) => document.output?.sha256],
  output_name: ['fileName', ({ document }) => document.output?.name],
  output_size: ['number', ({ document }) => document.output?.size],
  artifact_sha256: ['sha256', ({ document }) => document.artifact?.sha256],
  artifact_name: ['fileName', ({ document }) => document.artifact?.name],
  package_name: ['packageName', ({ document }) => document.artifact?.packageName],
  version_name: ['versionName', ({ document }) => document.artifact?.versionName],
  version_code: ['number', ({ document }) => document.artifact?.versionCode],
};

/** Of each step, where a run has several: behind what is done, and where, as in `publish_applivery_job`. */
export const STEP_VALUES: Readonly<Record<string, readonly [Form, (step: StepResult) => Value]>> = {
  result: ['words', ({ result }) => result],
  job: ['job', ({ job }) => job?.ref],
  link: ['link', ({ links }) => links.install],
  page: ['link', ({ links }) => links.page],
};

/** What a run with several steps does not say of itself: it would be of one of them. */
const OF_ONE_STEP: readonly string[] = ['backend', 'job', 'job_id', 'phase', 'status', 'link', 'page'];

/** How many of the run's own values stand before those of the steps: those that tell how it went. */
const BEFORE_STEPS = Object.keys(RUN_VALUES).indexOf('output_sha256');

interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export interface RunValues {
  readonly values: readonly NamedValue[];
  /** Names of what there is, in a form that is not safe to pass on, or twice: it is left out, never changed. */
  readonly unfit: readonly string[];
}

export function runValues({ document, receipt }: Omit<Source, 'one'>, redactor: Redactor): RunValues {
  const { targets, steps } = document;
  const [target] = targets;
  const one = target !== undefined && targets.length === 1 ? target : document;
  const several = steps.length > 1 ? steps : [];
  const own = Object.entries(RUN_VALUES).map(([name, [form, read]]) => ({
    name,
    form,
    value: several.length > 0 && OF_ONE_STEP.includes(name) ? null : read({ document, one, receipt }),
  }));
  // Of each kind all, before the next: where there is no room for all of them, how each step ended is there.
  const ofSteps = Object.entries(STEP_VALUES).flatMap(([name, [form, read]]) =>
    several.map((step) => ({ name: stepValueName(step, name), form, value: read(step) })),
  );
  const known = [...own.slice(0, BEFORE_STEPS), ...ofSteps, ...own.slice(BEFORE_STEPS)].flatMap(({ value, ...rest }) =>
    value === null || value === undefined ? [] : [{ ...rest, value: String(value) }],
  );
  // `publish:a-b` and `publish:a_b` would be one: what is of which of them, nobody could tell.
  const isAlone = (name: string) => known.filter((one) => one.name === name).length === 1;
  const isFit = ({ name, form, value }: { readonly name: string; readonly form: Form; readonly value: string }) =>
    isAlone(name) && FORMS[form].test(value) && !holdsCommand(value) && redactor.redact(value) === value;
  return {
    values: known.filter(isFit).map(({ name, value }) => ({ name, value })),
    unfit: [...new Set(known.filter((one) => !isFit(one)).map(({ name }) => name))],
  };
}

/** Dashes and colons are no part of a variable's name. */
function stepValueName({ id }: StepResult, name: string): string {
  return `${id.replace(/\W/g, '_')}_${name}`;
}

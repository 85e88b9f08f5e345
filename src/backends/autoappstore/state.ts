import type { Finding, JobState } from '../../contract/job.ts';
import { failed, type Reading, stateOfRuns } from './validation.ts';
import type { Run, Version } from './wire.ts';

/** What the store says of a version: itself, and its validation runs; `null` for what it has no record of. */
export interface Standing {
  readonly version: Version | null;
  readonly runs: readonly Run[] | null;
}

/** How a version stands on its way to a milestone: the validation and the version together. */
export function stateOf(standing: Standing, until: string | null, reading: Reading): JobState | 'absent' {
  const { version, runs } = standing;
  if (version === null && runs === null) return 'absent';
  const validated = stateOfRuns(runs ?? [], reading);
  const state =
    until === 'approved' || until === 'live' ? released(version, validated, until) : validation(version, validated);
  return version === null ? state : { ...state, subject: subjectOf(version) };
}

function subjectOf({ versionCode, versionName }: Version): NonNullable<JobState['subject']> {
  return {
    ...(versionCode === null ? {} : { versionCode }),
    ...(versionName === null ? {} : { versionName }),
  };
}

/** The default milestone: the runs decide, unless the store has decided already. */
function validation(version: Version | null, validated: JobState): JobState {
  if (version?.status == null) return validated;
  const { status, openIssues } = version;
  const word = status.toLowerCase();
  if (word === 'rejected') return rejected(validated);
  if (word === 'live') return live(openIssues, validated);
  const told = validated.phase === 'failed' ? validated : { ...validated, message: `version ${status}` };
  if (validated.phase !== 'succeeded') return told;
  const remains = Object.hasOwn(REMAINS, word) ? REMAINS[word] : undefined;
  if (remains === undefined) return { ...told, findings: [...(told.findings ?? []), unknownStatus(status)] };
  return { ...told, remains: { reached: 'validated', message: remains, until: 'live' } };
}

/** The validation has passed; what the store has made of the version since then nobody here can read. */
function unknownStatus(status: string): Finding {
  const message = `the version is ${JSON.stringify(status)}, which the documentation does not list: look at it in the portal`;
  return { code: 'version-status', severity: 'warning', message };
}

/** What people have to do once a version is validated: "Upload process", "Release model". */
const REMAINS: Readonly<Record<string, string>> = {
  draft: 'still a draft: submit it in the portal',
  in_review: 'in review: the store decides',
  approved: 'approved: the store releases it',
};

/** "draft, in_review, approved, live, rejected": API reference, "Read a version". */
function released(version: Version | null, validated: JobState, until: 'approved' | 'live'): JobState {
  if (version?.status == null) return validated.phase === 'succeeded' ? { ...validated, phase: 'running' } : validated;
  const { status, openIssues } = version;
  const word = status.toLowerCase();
  switch (word) {
    case 'draft':
      return draft(validated);
    case 'in_review':
      return { phase: 'action-required', status, message: null };
    case 'approved':
      return { phase: until === word ? 'succeeded' : 'action-required', status, message: null };
    case 'live':
      return { phase: 'succeeded', status, message: null, ...findingsOf(openIssues) };
    case 'rejected':
      return rejected(validated);
    default:
      return { phase: 'running', status, message: null, unrecognized: true };
  }
}

/** A draft whose validation has passed waits for whoever submits it: "Complete the store listing and submit for review" ("Upload process"). */
function draft(validated: JobState): JobState {
  if (validated.phase !== 'succeeded') return validated;
  const { findings } = validated;
  const message = 'to be submitted for review in the portal';
  return { phase: 'action-required', status: 'draft', message, ...(findings === undefined ? {} : { findings }) };
}

function rejected({ findings = [] }: JobState): JobState {
  return failed('rejected', [REJECTED, ...findings]);
}

/** What is live has been released, whatever a later validation run finds in it. */
function live(openIssues: number, validated: JobState): JobState {
  const found = (validated.findings ?? []).map(
    (finding): Finding => (finding.severity === 'blocking' ? { ...finding, severity: 'warning' } : finding),
  );
  const late: Finding[] =
    validated.phase === 'failed'
      ? [
          {
            code: 'validation',
            severity: 'warning',
            message: `live, but a validation run ended as ${validated.status}`,
          },
        ]
      : [];
  const findings = [...late, ...found, ...openIssuesOf(openIssues)];
  const status = validated.phase === 'succeeded' ? validated.status : 'live';
  return { phase: 'succeeded', status, message: 'version live', findings };
}

function findingsOf(openIssues: number): Pick<JobState, 'findings'> {
  return openIssues > 0 ? { findings: openIssuesOf(openIssues) } : {};
}

/** "When a version is live with open_issue_count > 0, it is live with open issues": API reference. */
function openIssuesOf(count: number): Finding[] {
  if (count === 0) return [];
  const issues = count === 1 ? '1 open issue' : `${count} open issues`;
  return [{ code: 'open_issues', severity: 'warning', message: `live with ${issues}; see them in the portal` }];
}

/** A version's status gives no reason: tickets are in the portal alone ("Feedback loop"). */
const REJECTED: Finding = {
  code: 'rejected',
  severity: 'blocking',
  message: 'the store has rejected this version; its reasons are in the portal',
};

import type { Artifact } from '../contract/artifact.ts';
import { IntegrityError } from '../contract/errors.ts';
import type { JobState, Stage } from '../contract/job.ts';

/** What was sent, to be compared with what the job says that it is about. */
export interface SentSubject extends Pick<Artifact, 'name' | 'platform' | 'identity'> {
  /** What it was sent for, where the backend knows such a thing. */
  readonly stage: Stage | null;
}

/** Two uploads in one second can share a job id: then this job is about another file, and its output must not be taken for ours. */
export function checkSubject(job: string, state: JobState, sent: SentSubject): void {
  const { fileName, platform, stage, versionCode } = state.subject ?? {};
  const refuse = (is: string, sentAs: string) =>
    new IntegrityError(`${job} is about ${is}, not about ${sentAs}`, { hint: 'look for your build in the portal' });
  if (fileName !== undefined && plainName(fileName) !== plainName(sent.name))
    throw refuse(visible(fileName), visible(sent.name));
  if (platform !== undefined && platform !== sent.platform)
    throw refuse(`an app for ${platform}`, `one for ${sent.platform}`);
  if (stage !== undefined && sent.stage !== null && stage !== sent.stage) throw refuse(stage, sent.stage);
  const sentCode = sent.identity?.versionCode ?? null;
  if (versionCode !== undefined && sentCode !== null && versionCode !== sentCode)
    throw refuse(`versionCode ${versionCode}`, `versionCode ${sentCode}`);
}

/**
 * A file name as servers may give it back and still mean the same file: composed or decomposed, percent-encoded, and with other characters in
 * place of spaces and signs.
 */
function plainName(name: string): string {
  return percentDecoded(name)
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}.-]+/gu, '_')
    .toLowerCase();
}

function percentDecoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A bare % is a character like any other.
    return name;
  }
}

/** With what is not ASCII as escapes: two names may look the same and not be. */
export function visible(name: string): string {
  return JSON.stringify(name).replace(/[^\x20-\x7e]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

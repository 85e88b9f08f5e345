import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import { type JobRef, jobRef } from '../../contract/job.ts';

/** A job reference as it was given. Throws `UsageError` before anything is asked. */
export function parseJobReference(text: string, backends: readonly BackendDefinition[]): JobRef {
  if (text.trim() === '')
    throw new UsageError('job reference is empty', { hint: 'it is what apptool upload prints: <backend>:<id>' });
  const at = text.indexOf(':');
  const backend = backends.find((candidate) => candidate.id === text.slice(0, at));
  const id = text.slice(at + 1);
  if (backend === undefined || !backend.jobId.test(id) || id.split('/').includes('..')) {
    const known = backends.map((candidate) => candidate.id).join(', ');
    throw new UsageError('a job reference is <backend>:<id>', {
      hint: `it is what apptool upload prints; backends: ${known}`,
    });
  }
  return jobRef(backend.id, id);
}

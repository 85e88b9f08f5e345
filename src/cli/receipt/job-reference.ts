import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { UsageError } from '../../contract/errors.ts';
import { type JobRef, jobRef } from '../../contract/job.ts';
import { nearest } from '../../contract/text/suggest.ts';

const PRINTED = 'it is what apptool upload prints: <backend>:<id>';

/** A job reference as it was given. Throws `UsageError` before anything is asked: says whether the backend or the id is wrong. */
export function parseJobReference(text: string, backends: readonly BackendDefinition[]): JobRef {
  if (text.trim() === '') throw new UsageError('job reference is empty', { hint: PRINTED });
  if (/^[a-z]+:\/\//i.test(text))
    throw new UsageError('a job reference is <backend>:<id>, not a URL', { hint: PRINTED });
  if (/\s/.test(text))
    throw new UsageError('the job reference contains a space or a line end: remove it', { hint: PRINTED });
  const at = text.indexOf(':');
  if (at < 1) throw new UsageError('a job reference is <backend>:<id>', { hint: withoutBackend(text, backends) });
  const [name, id] = [text.slice(0, at), text.slice(at + 1)];
  const backend = backends.find((candidate) => candidate.id === name);
  if (backend === undefined) throw unknownBackendOf(name, id, backends);
  return jobRef(backend.id, checkedJobId(id, backend));
}

/** What an operand was most likely meant for that names no backend. A number alone may be shown: no secret is one so short. */
function withoutBackend(text: string, backends: readonly BackendDefinition[]): string {
  if (/\.(?:apk|aab|ipa)$/i.test(text))
    return 'to send a file, use apptool protect, upload or publish; they print the job';
  const named = backends.find(({ id }) => id === text);
  if (named !== undefined) return `the id is missing: ${named.id}:${named.jobIdForm}`;
  const owners = /^\d{1,20}$/.test(text) ? backends.filter(({ jobId }) => jobId.test(text)) : [];
  if (owners.length > 0)
    return `name its backend, such as ${owners
      .slice(0, 2)
      .map(({ id }) => `${id}:${text}`)
      .join(' or ')}`;
  return PRINTED;
}

/** The id, where it has the form of this backend's ids. Throws `UsageError` for any other. */
export function checkedJobId(id: string, backend: BackendDefinition): string {
  if (isJobId(id, backend)) return id;
  throw new UsageError(`the job id is not one of ${backend.id}: its form is ${backend.jobIdForm}`, {
    hint: `a job reference is ${backend.id}:<id>, as apptool upload prints it`,
  });
}

function isJobId(id: string, backend: BackendDefinition): boolean {
  return backend.jobId.test(id) && !id.split('/').includes('..');
}

/** The id is repeated only where it is one of the backend that was meant: what stands there may be anything, a key as well. */
function unknownBackendOf(name: string, id: string, backends: readonly BackendDefinition[]): UsageError {
  const ids = backends.map((backend) => backend.id);
  const shown = /^[a-z-]{1,24}$/i.test(name) ? ` "${name}"` : '';
  const near = nearest(name.trim().toLowerCase(), ids);
  const meant = backends.find((backend) => backend.id === near);
  const hint =
    meant === undefined
      ? `the backends: ${ids.join(', ')}`
      : `did you mean ${meant.id}:${isJobId(id, meant) ? id : meant.jobIdForm}?`;
  return new UsageError(`the job reference names an unknown backend${shown}`, { hint });
}

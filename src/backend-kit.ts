/**
 * The door for whoever writes a backend in a package of their own: what a backend is, its calls and uploads, its errors, and the program that
 * takes it along with the backends that come with apptool. docs/write-your-own-backend.md goes through it.
 */
import type { MainOptions } from './cli/main.ts';
import type { Host } from './cli/process/host.ts';

export * as z from 'zod';
export { backends as builtin } from './backends/index.ts';
export { Word as StatusWord } from './backends/loose-fields.ts';
export { cutRows } from './backends/rows.ts';
export type { Adapter, BuildQuota, LostUpload, NotReady, UploadOptions } from './contract/adapter.ts';
export type { AppIdentity, Artifact, ArtifactKind, Body, Platform } from './contract/artifact.ts';
export {
  type AdapterInput,
  type BackendCommand,
  type BackendDefinition,
  type BackendSpec,
  type Capabilities,
  type CommandInput,
  type CommandOutput,
  type CredentialSpec,
  defineBackend,
  type FirstSetting,
} from './contract/backend/definition.ts';
export type {
  AnswerShape,
  ApiClient,
  ApiOptions,
  CallPolicy,
  DescribeError,
  ErrorDescription,
  RefusalInside,
  Storage,
} from './contract/backend/http.ts';
export type {
  ReceivedFile,
  ReceivedForm,
  SandboxAnswer,
  SandboxOptions,
  SandboxPart,
  SandboxRequest,
  SandboxTools,
} from './contract/backend/sandbox.ts';
export type { Clock, Context } from './contract/context.ts';
export * from './contract/errors.ts';
export type { AppEvent } from './contract/events.ts';
export type { DownloadLink, Finding, JobState, Phase, Question, Stage } from './contract/job.ts';
export type { Next } from './contract/next.ts';
export type { PlannedRequest } from './contract/planned-request.ts';
export type { Secret } from './contract/secret.ts';
export { UnreadableForm } from './sandbox/form.ts';
export { CALL_POLICIES } from './transfer/call-policy.ts';
export { encodeForm } from './transfer/http/form.ts';
export { type FormUpload, uploadByForm, uploadInBody } from './transfer/upload/form-upload.ts';
export type { SignedUpload } from './transfer/upload/signed-protocol.ts';
export { uploadBySignedUrls } from './transfer/upload/signed-upload.ts';
export { jobFailed } from './transfer/wait/poll.ts';

/** The whole command line, over the backends that it is given. Resolves with the exit code and never rejects; loaded when it is called. */
export async function main(process: Host, options: Pick<MainOptions, 'backends'>): Promise<number> {
  const { main: run } = await import('./cli/main.ts');
  return await run(process, options);
}

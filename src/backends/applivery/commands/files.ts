import type { CommandInput, CommandOutput, Planned } from '../../../contract/backend/definition.ts';
import type { Context } from '../../../contract/context.ts';
import { IntegrityError, RejectedError, UnknownOutcomeError, UsageError } from '../../../contract/errors.ts';
import { openPlainFile } from '../../../transfer/artifact.ts';
import { CALL_POLICIES } from '../../../transfer/call-policy.ts';
import { downloadToFile } from '../../../transfer/download/download.ts';
import { checkOutput } from '../../../transfer/download/output-file.ts';
import { encodeForm } from '../../../transfer/http/form.ts';
import { assertGivesBack, mintLink, NOT_PROCESSED } from '../download-link.ts';
import { making } from '../making.ts';
import type { Settings } from '../settings.ts';
import { type AttachedFile, attachedTo, BuildReply } from '../wire.ts';
import { namedBuild, orNoSuchBuild } from './builds.ts';
import type { FetchedFile, OneFile } from './command-data.ts';
import { textFlags } from './flag-values.ts';

type Input = CommandInput<Settings>;
type Named = ReturnType<typeof namedBuild>;

/**
 * `apptool applivery files add <build> <file>`. A response that is lost is settled by the build's files: the one that has this name and size
 * and was not there before is it.
 */
export async function addFile(input: Input, ctx: Context): Promise<CommandOutput<OneFile | Planned>> {
  const named = namedBuild(input);
  const { name, body, close } = await openPlainFile(input.operands[1] ?? '');
  try {
    const path = `${named.path}/files`;
    if (input.dryRun) {
      const url = `${named.builds.uploads.baseUrl}${path}`;
      const plan = { method: 'POST', url, fields: { file: name }, carriesFile: true };
      return { text: `would attach ${name} (${body.sizeBytes} bytes)`, data: { plan } };
    }
    const before = new Set((await filesOf(input, named, ctx)).map(({ id }) => id));
    const isIt = (file: AttachedFile): boolean =>
      !before.has(file.id) && file.name === name && (file.sizeBytes ?? body.sizeBytes) === body.sizeBytes;
    // The page names no field; its example has `file` [assumed].
    const form = encodeForm({
      fields: [],
      file: { name: 'file', fileName: name, contentType: 'application/octet-stream', body },
    });
    const call = { what: 'attach the file', method: 'POST', path, policy: CALL_POLICIES.create } as const;
    const files = await making(() => named.builds.uploads.call({ ...call, form, answer: BuildReply }, ctx), ctx).then(
      attachedTo,
      async (error: unknown) => {
        if (error instanceof RejectedError && error.backendCode === NOT_PROCESSED)
          throw error.with({ hint: 'files can be attached once the build is processed: wait for that first' });
        if (!(error instanceof UnknownOutcomeError)) throw error;
        const after = await filesOf(input, named, ctx).catch(() => []);
        if (!after.some(isIt)) throw error.with({ hint: 'look at the files of the build before you run it again' });
        return after;
      },
    );
    const added = files.find(isIt);
    return {
      text: added?.id ?? name,
      data: { file: describe(added ?? { id: null, name, sizeBytes: body.sizeBytes }) },
    };
  } finally {
    await close();
  }
}

/** `apptool applivery files get <build> <file>`: by its id, or by a name that only one file of the build has. */
export async function getFile(input: Input, ctx: Context): Promise<CommandOutput<FetchedFile | Planned>> {
  const named = namedBuild(input);
  assertGivesBack(named.builds);
  const { output } = textFlags(input);
  const force = input.flags.force === true;
  if (output !== undefined) await checkOutput({ path: output, force }, null);
  const file = pick(await filesOf(input, named, ctx), input.operands[1] ?? '', input.operands[0] ?? '');
  const path = output ?? nameFor(file);
  if (output === undefined) await checkOutput({ path, force }, null);
  if (input.dryRun) {
    const plan = {
      method: 'GET',
      url: `${named.builds.reads.baseUrl}${named.path}/downloadToken`,
      fields: { fileId: file.id },
    };
    return { text: `would write ${path}`, data: { plan } };
  }
  const { sizeBytes, sha256 } = await downloadToFile(
    {
      // "fileId", and "type=auto" in the page's own example.
      link: (asking) => mintLink(input, named, { query: { fileId: file.id, type: 'auto' }, fileName: path }, asking),
      storage: input.storage,
      target: { path, force },
      inputBytes: file.sizeBytes,
      verify: async (_, received) => {
        if (file.sizeBytes === null || received.sizeBytes === file.sizeBytes) return;
        throw new IntegrityError(`${file.id}: ${received.sizeBytes} bytes came, and the build says ${file.sizeBytes}`);
      },
    },
    ctx,
  );
  return { text: path, data: { file: { ...describe(file), path, size: sizeBytes, sha256 } } };
}

async function filesOf(input: Input, { builds, path }: Named, ctx: Context): Promise<readonly AttachedFile[]> {
  const call = { what: 'read the build', method: 'GET', path, policy: CALL_POLICIES.read, answer: BuildReply } as const;
  return attachedTo(await orNoSuchBuild(input, builds.reads.call(call, ctx)));
}

function pick(files: readonly AttachedFile[], wanted: string, build: string): AttachedFile {
  const byId = files.find(({ id }) => id === wanted);
  const [byName, ...others] = files.filter(({ name }) => name === wanted);
  if (byId !== undefined) return byId;
  if (others.length > 0)
    throw new UsageError(`the build has several files called ${wanted}`, { hint: 'give the id of the file instead' });
  if (byName !== undefined) return byName;
  const next = { do: 'call', backend: 'applivery', command: 'builds show', operands: [build] } as const;
  throw new RejectedError(`the build has no such file: ${wanted}`, { next });
}

/** The server's name is only a suggestion: taken when it is a plain file name, in the working directory. */
function nameFor({ name }: AttachedFile): string {
  if (name !== null && /^[A-Za-z0-9_][\w .()+-]{0,200}$/.test(name)) return name;
  const hint = 'choose a name for the output';
  throw new UsageError('the server suggests no usable file name', { hint, next: { do: 'set', setting: 'output' } });
}

function describe({ id, name, sizeBytes }: Omit<AttachedFile, 'id'> & { readonly id: string | null }) {
  return { id, name, size: sizeBytes };
}

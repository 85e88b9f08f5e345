import {
  type Adapter,
  type AdapterInput,
  CALL_POLICIES,
  type JobState,
  RejectedError,
  StatusWord,
  type UploadOptions,
  uploadByForm,
  z,
} from 'apptool/backend-kit';

interface QuaySettings {
  readonly apiUrl: string;
  readonly berth: string;
}

/** Only the fields that are read, of "POST /files" and "GET /files/{id}" in the store's docs. */
const Accepted = z.object({ id: z.string().min(1) });
const Status = z.object({ id: z.string(), status: StatusWord, reason: z.string().nullish() });

export function createQuay({
  settings,
  credentials,
  api: open,
}: AdapterInput<QuaySettings>): Adapter {
  const api = open({
    baseUrl: settings.apiUrl,
    headers: () => ({ authorization: `Bearer ${credentials.token?.reveal() ?? ''}` }),
  });
  const fieldsOf = ({ releaseNotes }: UploadOptions): Record<string, string> => ({
    berth: settings.berth,
    ...(releaseNotes === undefined ? {} : { notes: releaseNotes }),
  });
  return {
    plan: (artifact, options) => ({
      method: 'POST',
      url: `${settings.apiUrl}/files`,
      fields: { ...fieldsOf(options), file: artifact.name },
      carriesFile: true,
    }),
    upload: async (artifact, options, ctx) => {
      const { id } = await uploadByForm(
        {
          api,
          path: '/files',
          policy: CALL_POLICIES.create,
          answer: Accepted,
          artifact,
          fields: Object.entries(fieldsOf(options)).map(([name, value]) => ({ name, value })),
          file: { name: 'file', contentType: 'application/vnd.android.package-archive' },
          jobOf: (answer) => answer.id,
          ifLost: 'look at the berth before you send it again',
        },
        ctx,
      );
      return id;
    },
    poll: async (id, { patience }, ctx) => {
      const policy = patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read;
      const call = {
        what: 'get the status',
        method: 'GET',
        path: `/files/${id}`,
        policy,
        answer: Status,
      } as const;
      try {
        return stateOf(await api.call(call, ctx));
      } catch (error) {
        if (error instanceof RejectedError && error.httpStatus === 404) return 'absent';
        throw error;
      }
    },
  };
}

function stateOf({ status, reason }: z.infer<typeof Status>): JobState {
  switch (status) {
    case 'checking':
      return { phase: 'running', status, message: null };
    case 'moored':
      return { phase: 'succeeded', status, message: null };
    case 'refused':
      return { phase: 'failed', status, message: reason ?? null };
    default:
      return { phase: 'running', status, message: null, unrecognized: true };
  }
}

import * as z from 'zod';
import { Word } from '../../src/backends/loose-fields.ts';
import type { Adapter, UploadOptions } from '../../src/contract/adapter.ts';
import type { AdapterInput } from '../../src/contract/backend/definition.ts';
import type { ApiClient } from '../../src/contract/backend/http.ts';
import { RejectedError } from '../../src/contract/errors.ts';
import type { JobState } from '../../src/contract/job.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { uploadByForm } from '../../src/transfer/upload/form-upload.ts';

export interface DepotSettings {
  readonly apiUrl: string;
  readonly shelf: string;
}

const Accepted = z.object({ id: z.string().min(1) });
const Status = z.object({ id: z.string(), status: Word, reason: z.string().nullish() });

export function openDepot({ settings, credentials, api }: AdapterInput<DepotSettings>): ApiClient {
  return api({
    baseUrl: settings.apiUrl,
    headers: () => ({ authorization: `Bearer ${credentials.token?.reveal() ?? ''}` }),
  });
}

export function createDepot(input: AdapterInput<DepotSettings>): Adapter {
  const { settings } = input;
  const api = openDepot(input);
  const fieldsOf = ({ releaseNotes, tags }: UploadOptions): Record<string, string> => ({
    shelf: settings.shelf,
    ...(releaseNotes === undefined ? {} : { notes: releaseNotes }),
    ...(tags === undefined ? {} : { tags: tags.join(',') }),
  });
  return {
    plan: (_, options) => ({ method: 'POST', url: `${settings.apiUrl}/files`, fields: fieldsOf(options) }),
    upload: async (artifact, options, ctx) => {
      const fields = Object.entries(fieldsOf(options)).map(([name, value]) => ({ name, value }));
      const { id } = await uploadByForm(
        {
          api,
          path: '/files',
          policy: CALL_POLICIES.create,
          answer: Accepted,
          artifact,
          fields,
          file: { name: 'file', contentType: 'application/octet-stream' },
          jobOf: (answer) => answer.id,
          ifLost: 'look on the shelf before you send it again',
        },
        ctx,
      );
      return id;
    },
    poll: async (id, { patience, until }, ctx) => {
      const policy = patience === 'once' ? CALL_POLICIES.poll : CALL_POLICIES.read;
      const what = 'ask for the status';
      try {
        return stateOf(
          await api.call({ what, method: 'GET', path: `/files/${id}`, policy, answer: Status }, ctx),
          until,
        );
      } catch (error) {
        if (error instanceof RejectedError && error.httpStatus === 404) return 'absent';
        throw error;
      }
    },
  };
}

function stateOf({ status, reason }: z.infer<typeof Status>, until: string | null): JobState {
  switch (status) {
    case 'checking':
      return { phase: 'running', status, message: null };
    case 'checked':
      return { phase: until === 'shelved' ? 'action-required' : 'succeeded', status, message: null };
    case 'shelved':
      return { phase: 'succeeded', status, message: null };
    case 'refused':
      return { phase: 'failed', status, message: reason ?? null };
    default:
      return { phase: 'running', status, message: null, unrecognized: true };
  }
}

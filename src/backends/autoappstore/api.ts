import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { AnswerShape, ApiClient } from '../../contract/backend/http.ts';
import type { Context } from '../../contract/context.ts';
import { IntegrityError, UnavailableError } from '../../contract/errors.ts';
import type { CALL_POLICIES } from '../../transfer/call-policy.ts';
import { segment } from './id.ts';
import { type Release, ReleaseReply, type Run, ValidationReply, type Version, VersionReply } from './wire.ts';

export interface Settings {
  readonly apiUrl: string;
  readonly passedStatus?: string | undefined;
}

/** "Authorization: Bearer <CI_UPLOAD_TOKEN>": API reference, "Authentication". */
export function openApi({
  settings,
  credentials,
  api,
}: Pick<AdapterInput<Settings>, 'settings' | 'credentials' | 'api'>): ApiClient {
  return api({
    baseUrl: settings.apiUrl,
    headers: () => ({ authorization: `Bearer ${credentials.token?.reveal() ?? ''}` }),
  });
}

/** Questions about one version. All reject with `RejectedError` (404) where there is none of that id. */
export interface VersionReader {
  validation(id: string, ctx: Context): Promise<readonly Run[]>;
  version(id: string, ctx: Context): Promise<Version>;
  release(id: string, ctx: Context): Promise<Release>;
}

export function readVersions(api: ApiClient, policy: (typeof CALL_POLICIES)['read' | 'poll' | 'proof']): VersionReader {
  const get = <T>(what: string, path: string, answer: AnswerShape<T>, ctx: Context): Promise<T> =>
    api.call({ what, method: 'GET', path, policy, answer }, ctx);
  return {
    validation: async (id, ctx) => {
      const { runs } = await get('read the validation', `/versions/${segment(id)}/validation`, ValidationReply, ctx);
      if (runs !== null) return runs;
      throw new UnavailableError(`unexpected response about the validation of version ${id}`, {
        hint: 'look at the version in the portal, and check the base address',
      });
    },
    version: async (id, ctx) => {
      const reply = await get('read the version', `/versions/${segment(id)}`, VersionReply, ctx);
      if (reply.id === id) return reply;
      throw new IntegrityError(`asked for version ${id}, but the response is about version ${reply.id}`);
    },
    release: (id, ctx) => get('read the release', `/versions/${segment(id)}/release`, ReleaseReply, ctx),
  };
}

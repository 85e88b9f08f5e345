import {
  type SandboxAnswer,
  type SandboxPart,
  type SandboxRequest,
  type SandboxTools,
  UnreadableForm,
} from 'apptool/backend-kit';

/** The store's stand-in: as strict as its documentation. */
export function createQuaySandbox({ options, baseUrl, randomId }: SandboxTools): SandboxPart {
  const token = `quay-${randomId()}`;
  const arrivedAtMs = new Map<string, number>();
  const answer = (status: number, json: unknown): SandboxAnswer => ({ status, json });

  const receive = async (request: SandboxRequest): Promise<SandboxAnswer> => {
    const { fields, files } = await request.form();
    if (!fields.some(({ name }) => name === 'berth'))
      return answer(422, { error: 'berth is required' });
    if (files.length !== 1 || files[0]?.name !== 'file')
      return answer(422, { error: 'one file is required' });
    const id = randomId();
    arrivedAtMs.set(id, Date.now());
    return answer(201, { id });
  };
  const statusOf = (id: string): SandboxAnswer => {
    const since = arrivedAtMs.get(id);
    if (since === undefined) return answer(404, { error: 'no such file' });
    if (Date.now() - since < options.processingMs) return answer(200, { id, status: 'checking' });
    if (options.result === 'failed')
      return answer(200, { id, status: 'refused', reason: 'the hull leaks' });
    return answer(200, { id, status: 'moored' });
  };
  return {
    variables: { QUAY_API_URL: baseUrl, QUAY_TOKEN: token },
    handle: async (request) => {
      if (request.headers.authorization !== `Bearer ${token}`)
        return answer(401, { error: 'token is not known' });
      const [, area, id = ''] = request.path.split('/');
      if (area !== 'files') return answer(404, { error: 'no such page' });
      try {
        return request.method === 'POST' ? await receive(request) : statusOf(id);
      } catch (error) {
        if (error instanceof UnreadableForm)
          return answer(error.status, { error: error.message });
        throw error;
      }
    },
  };
}

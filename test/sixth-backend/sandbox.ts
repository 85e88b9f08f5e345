import type { SandboxAnswer, SandboxPart, SandboxRequest, SandboxTools } from '../../src/contract/backend/sandbox.ts';
import { UnreadableForm } from '../../src/sandbox/form.ts';

/** The depot's stand-in. */
export function createDepotSandbox({ options, baseUrl, randomId }: SandboxTools): SandboxPart {
  const token = `depot-${randomId()}`;
  const files = new Map<string, number>();
  const shelves = new Map([
    ['main', 0],
    ['attic', 0],
  ]);
  const answer = (status: number, json: unknown): SandboxAnswer => ({ status, json });

  const receive = async (request: SandboxRequest): Promise<SandboxAnswer> => {
    const form = await request.form();
    const shelf = form.fields.find(({ name }) => name === 'shelf')?.value ?? '';
    if (!shelves.has(shelf)) return answer(422, { error: 'no such shelf' });
    if (form.files.length !== 1 || form.files[0]?.name !== 'file') return answer(422, { error: 'one file expected' });
    const id = randomId();
    files.set(id, Date.now());
    shelves.set(shelf, (shelves.get(shelf) ?? 0) + 1);
    return answer(201, { id });
  };
  const status = (id: string): SandboxAnswer => {
    const since = files.get(id);
    if (since === undefined) return answer(404, { error: 'no such file' });
    const isOver = Date.now() - since >= options.processingMs;
    if (!isOver) return answer(200, { id, status: 'checking' });
    return options.result === 'failed'
      ? answer(200, { id, status: 'refused', reason: 'it smells' })
      : answer(200, { id, status: 'checked' });
  };
  const route = async (request: SandboxRequest): Promise<SandboxAnswer> => {
    const [, area = '', name = ''] = request.path.split('/');
    const key = `${request.method} ${area}`;
    if (key === 'POST files') return await receive(request);
    if (key === 'GET files') return status(name);
    if (key === 'GET shelves')
      return answer(200, { shelves: [...shelves].map(([shelf, count]) => ({ name: shelf, files: count })) });
    if (key === 'DELETE shelves')
      return shelves.delete(decodeURIComponent(name)) ? answer(200, {}) : answer(404, { error: 'gone' });
    return answer(404, { error: 'no such page' });
  };
  return {
    variables: { DEPOT_API_URL: baseUrl, DEPOT_TOKEN: token },
    handle: async (request) => {
      if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: 'who are you' });
      try {
        return await route(request);
      } catch (error) {
        if (error instanceof UnreadableForm) return answer(error.status, { error: error.message });
        throw error;
      }
    },
  };
}

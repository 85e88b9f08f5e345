import type { SandboxAnswer, SandboxPart, SandboxRequest, SandboxTools } from '../../contract/backend/sandbox.ts';
import { UnreadableForm } from '../../sandbox/form.ts';
import { demandMethod, Refusal } from '../../sandbox/refusal.ts';
import { createService, type Service } from './sandbox-service.ts';
import { createTokens, type TokenStore } from './sandbox-tokens.ts';

/** The stand-in for the AutoAppStore CI upload API: what docs.autoappstore.com says that it checks, checked. */
export function createAutoappstoreSandbox(tools: SandboxTools): SandboxPart {
  const tokens = createTokens(tools);
  const service = createService(tools);
  return {
    variables: { AUTOAPPSTORE_API_URL: tools.baseUrl, AUTOAPPSTORE_TOKEN: tokens.first },
    handle: async (request): Promise<SandboxAnswer> => {
      try {
        tokens.check(request.headers.authorization);
        return await route(service, tokens, request);
      } catch (error) {
        if (!(error instanceof Refusal || error instanceof UnreadableForm)) throw error;
        // The shape of errors is not documented.
        return { status: error.status, json: { error: error.message } };
      }
    },
  };
}

async function route(service: Service, tokens: TokenStore, request: SandboxRequest): Promise<SandboxAnswer> {
  const [, area = '', id, call = '', ...more] = request.path.split('/');
  if (more.length > 0) throw new Refusal(404, 'Not found');
  if (area === 'uploads' && id === 'ci' && call === '') {
    demandMethod(request, 'POST');
    return { status: 201, json: await service.upload(await request.form()) };
  }
  if (area === 'versions' && id !== undefined) {
    const reads: Record<string, (id: string) => unknown> = {
      '': service.version,
      validation: service.validation,
      release: service.release,
    };
    const read = Object.hasOwn(reads, call) ? reads[call] : undefined;
    if (read === undefined) throw new Refusal(404, 'Not found');
    demandMethod(request, 'GET');
    return { status: 200, json: read(id) };
  }
  if (area === 'ci-tokens' && call === '') return await tokens.handle(request, id);
  throw new Refusal(404, 'Not found');
}

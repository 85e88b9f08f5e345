import * as z from 'zod';
import type { SandboxAnswer, SandboxRequest, SandboxTools } from '../../contract/backend/sandbox.ts';
import { parseBody, Refusal, readJson } from '../../sandbox/refusal.ts';

const NewToken = z.object({ name: z.string().nullish() });

interface Token {
  readonly id: string;
  readonly name: string | null;
  readonly created_at: string;
}

export interface TokenStore {
  /** The value of the token that is there from the start. */
  readonly first: string;
  /** Throws `Refusal` unless the header holds a token that was not revoked. */
  check(authorization: string | undefined): void;
  handle(request: SandboxRequest, id: string | undefined): Promise<SandboxAnswer>;
}

/** `/ci-tokens`. Its bodies are not documented, but for what they must not and must hold: the value, once. */
export function createTokens({ randomId }: SandboxTools): TokenStore {
  const tokens = new Map<string, Token>();
  const create = (name: string | null): { readonly token: Token; readonly value: string } => {
    const value = `aas_${randomId()}`;
    const token = { id: randomId(), name, created_at: new Date().toISOString() };
    tokens.set(value, token);
    return { token, value };
  };
  const revoke = (id: string): void => {
    const found = [...tokens].find(([, token]) => token.id === id);
    if (found === undefined) throw new Refusal(404, 'Token not found');
    tokens.delete(found[0]);
  };
  return {
    first: create('sandbox').value,
    check(authorization) {
      if (authorization === undefined) throw new Refusal(401, 'Missing CI token');
      const given = /^Bearer (\S+)$/.exec(authorization)?.[1];
      if (given === undefined) throw new Refusal(401, 'Malformed Authorization header, expected Bearer <CI token>');
      if (!tokens.has(given)) throw new Refusal(401, 'Invalid CI token');
    },
    async handle(request, id) {
      const { method } = request;
      if (id === undefined && method === 'GET') return { status: 200, json: { tokens: [...tokens.values()] } };
      if (id === undefined && method === 'POST') {
        const { name = null } = parseBody(NewToken, await readJson(request));
        const { token, value } = create(name);
        return { status: 201, json: { ...token, token: value } };
      }
      if (id === undefined || method !== 'DELETE') throw new Refusal(405, 'Method not allowed');
      revoke(id);
      return { status: 200, json: { message: 'Token revoked' } };
    },
  };
}

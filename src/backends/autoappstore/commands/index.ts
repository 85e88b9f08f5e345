import type { BackendCommand } from '../../../contract/backend/definition.ts';
import type { Settings } from '../api.ts';

/** What only this backend can do: read one version, and manage CI tokens. */
export const commands: readonly BackendCommand<Settings>[] = [
  {
    name: 'validation',
    operands: ['version'],
    flags: [],
    summary: 'Print the validation runs of a version and what they found',
    example: 'apptool autoappstore validation b1c2',
    data: async () => (await import('./command-data.ts')).Runs,
    run: async (input, ctx) => (await import('./version-commands.ts')).validation(input, ctx),
  },
  {
    name: 'version',
    operands: ['version'],
    flags: [],
    summary: 'Print the status of a version and its open issues',
    example: 'apptool autoappstore version b1c2',
    data: async () => (await import('./command-data.ts')).Version,
    run: async (input, ctx) => (await import('./version-commands.ts')).version(input, ctx),
  },
  {
    name: 'release',
    operands: ['version'],
    flags: [],
    summary: 'Print where a version is live',
    example: 'apptool autoappstore release b1c2',
    data: async () => (await import('./command-data.ts')).Release,
    run: async (input, ctx) => (await import('./version-commands.ts')).release(input, ctx),
  },
  {
    name: 'tokens list',
    operands: [],
    flags: ['limit'],
    summary: 'List the CI tokens, without their values',
    example: 'apptool autoappstore tokens list',
    data: async () => (await import('./command-data.ts')).Tokens,
    run: async (input, ctx) => (await import('./token-commands.ts')).listTokens(input, ctx),
  },
  {
    name: 'tokens create',
    operands: [],
    flags: ['name'],
    summary: 'Create a CI token and print its value, this once',
    example: 'apptool autoappstore tokens create --name ci > token',
    data: async () => (await import('./command-data.ts')).NewToken,
    writes: true,
    run: async (input, ctx) => (await import('./token-commands.ts')).createToken(input, ctx),
  },
  {
    name: 'tokens revoke',
    operands: ['token'],
    flags: [],
    summary: 'Revoke a CI token',
    example: 'apptool autoappstore tokens revoke a1b2 --yes',
    data: async () => (await import('./command-data.ts')).RevokedToken,
    writes: true,
    destroys: ([token]) => `CI token ${token}`,
    run: async (input, ctx) => (await import('./token-commands.ts')).revokeToken(input, ctx),
  },
];

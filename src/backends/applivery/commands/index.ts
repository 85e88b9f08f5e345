import type { BackendCommand } from '../../../contract/backend/definition.ts';
import type { Settings } from '../settings.ts';

export const commands: readonly BackendCommand<Settings>[] = [
  {
    name: 'builds list',
    operands: [],
    flags: ['limit', 'platform', 'set'],
    summary: 'List the builds of the app, newest first',
    example: 'apptool applivery builds list --platform ios --limit 10',
    data: async () => (await import('./command-data.ts')).Builds,
    run: async (input, ctx) => (await import('./builds.ts')).listBuilds(input, ctx),
  },
  {
    name: 'builds show',
    operands: ['build'],
    takesJob: true,
    flags: ['set'],
    summary: 'Show one build',
    example: 'apptool applivery builds show 64b0c1d2e3f4a5b6c7d8e9f0',
    data: async () => (await import('./command-data.ts')).OneBuild,
    run: async (input, ctx) => (await import('./builds.ts')).showBuild(input, ctx),
  },
];

import type { BackendCommand } from '../../../contract/backend/definition.ts';
import type { Settings } from '../settings.ts';

export const commands: readonly BackendCommand<Settings>[] = [
  {
    name: 'builds list',
    operands: [],
    flags: ['limit', 'platform', 'status', 'version-name', 'set'],
    summary: 'List the builds of the app, newest first',
    example: 'apptool applivery builds list --platform ios --status processed --limit 10',
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
  {
    name: 'builds edit',
    operands: ['build'],
    takesJob: true,
    flags: ['version-name', 'tags', 'changelog', 'set'],
    summary: 'Change the version name, the tags or the changelog of a build',
    example: 'apptool applivery builds edit 64b0c1d2e3f4a5b6c7d8e9f0 --tags approved,sprint-42',
    data: async () => (await import('./command-data.ts')).OneBuild,
    writes: true,
    run: async (input, ctx) => (await import('./builds.ts')).editBuild(input, ctx),
  },
  {
    name: 'builds delete',
    operands: ['build'],
    takesJob: true,
    flags: ['set'],
    summary: 'Delete a build for good',
    example: 'apptool applivery builds delete 64b0c1d2e3f4a5b6c7d8e9f0 --yes',
    data: async () => (await import('./command-data.ts')).DeletedBuild,
    writes: true,
    destroys: ([build]) => `build applivery:${build}`,
    run: async (input, ctx) => (await import('./builds.ts')).deleteBuild(input, ctx),
  },
];

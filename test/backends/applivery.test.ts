import { applivery } from '../../src/backends/applivery/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import { type Conformance, type DocumentedState, testAdapter } from '../../src/testing/conformance/index.ts';

function state(status: string, phase: Phase): DocumentedState {
  const answer: DocumentedState['answer'] = (reply) => ({ ...reply, data: { ...(reply.data as object), status } });
  return { name: status, answer, phases: { '': phase } };
}

const COMMON = {
  definition: applivery,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/builds$/ },
  status: { method: 'GET', path: /\/builds\/[^/]+$/ },
  states: [
    state('pending', 'queued'),
    state('in_progress', 'running'),
    state('processed', 'succeeded'),
    state('success', 'succeeded'),
    state('error', 'failed'),
  ],
  withUnknownStatus: (answer) => ({ ...answer, data: { ...(answer.data as object), status: 'Processed' } }),
  unknownId: '64b0c1d2e3f4a5b6c7d8e9f0',
} satisfies Conformance;

testAdapter({ ...COMMON, way: { name: 'Workspace API', variables: (all) => all, download: true } });

testAdapter({
  ...COMMON,
  way: { name: 'Integrations API', variables: ({ APPLIVERY_SERVICE_TOKEN: _, ...rest }) => rest, download: false },
});

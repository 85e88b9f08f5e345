import { apptego } from '../../src/backends/apptego/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import { type DocumentedState, testAdapter } from '../../src/testing/conformance/index.ts';

function state(change: object, phase: Phase): DocumentedState {
  return { name: JSON.stringify(change), answer: (answer) => ({ ...answer, ...change }), phases: { '': phase } };
}

testAdapter({
  definition: apptego,
  fixture: 'v2.apk',
  options: { environment: 'prod' },
  create: { method: 'POST', path: /\/automate\/upload$/ },
  status: { method: 'GET', path: /\/automate\/status\// },
  states: [
    state({ status: 'processing', progress: 'Queued' }, 'queued'),
    state({ status: 'processing', progress: 'Packaging' }, 'running'),
    state({ status: 'processing', progress: null }, 'running'),
    state({ status: 'completed', progress: undefined }, 'succeeded'),
    state({ status: 'failed', error_message: 'Signing failed' }, 'failed'),
  ],
  withUnknownStatus: (answer) => ({ ...answer, status: 'Completed' }),
  unknownId: '1500000000',
});

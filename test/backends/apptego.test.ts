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
  withUnknownStatus: (answer, status) => ({ ...answer, status }),
  unknownWords: ['Completed', 'queued', 'cancelled'],
  renamed: (answer, name) => ({ ...answer, file_name: name }),
  forms: [
    {
      name: 'with the job id as a number',
      call: { method: 'GET', path: /\/automate\/status\// },
      answer: (answer) => ({ ...answer, job_id: Number(answer.job_id) }),
    },
    {
      name: 'with nothing but what decides',
      call: { method: 'GET', path: /\/automate\/status\// },
      answer: ({ job_id, status }) => ({ job_id, status }),
    },
    {
      name: 'with members of other types',
      call: { method: 'GET', path: /\/automate\/status\// },
      answer: (answer) => ({
        ...answer,
        platform: 7,
        version: {},
        created_at: 'today',
        updated_at: [],
        progress: false,
      }),
    },
  ],
  unknownId: '1500000000',
});

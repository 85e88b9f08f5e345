import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import { type DocumentedState, testAdapter } from '../../src/testing/conformance/index.ts';

function row(change: object, phase: Phase): DocumentedState {
  const answer: DocumentedState['answer'] = ({ results, ...rest }) => ({
    ...rest,
    results: (results as object[]).map((one) => ({ ...one, ...change })),
  });
  return { name: JSON.stringify(change), answer, phases: { '': phase } };
}

testAdapter({
  definition: apptegoManagement,
  fixture: 'v2.apk',
  options: { environment: 'prod' },
  create: { method: 'POST', path: /\/frontend\/upload_application_build$/ },
  status: { method: 'POST', path: /\/frontend\/get_application_builds$/ },
  states: [
    row({ success: null, status_message: 'Queued' }, 'queued'),
    row({ success: null, status_message: 'Packaging' }, 'running'),
    row({ success: true }, 'succeeded'),
    row({ success: true, name: 'renamed by the server.apk' }, 'succeeded'),
    row({ success: false, status_message: 'Build timed out', signing_key_id: 'k-default' }, 'failed'),
    row({ success: false, error_message: 'Unsupported ABI' }, 'failed'),
    row({ success: true, signing_key_id: 'k1', signed: false }, 'failed'),
    row({ success: true, signing_key_id: 'k1', signing_error_message: 'no alias' }, 'failed'),
    row({ success: true, deleted: true }, 'failed'),
  ],
  withUnknownStatus: (answer) => ({
    ...answer,
    results: (answer.results as object[]).map((row) => ({ ...row, success: 'paused' })),
  }),
  unknownId: 'production/android/1500000000/app-release.apk',
});

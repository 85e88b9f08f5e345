import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import { type AnswerForm, type DocumentedState, testAdapter } from '../../src/testing/conformance/index.ts';

type Row = Record<string, unknown>;

const HISTORY = { method: 'POST', path: /\/frontend\/get_application_builds$/ };

function rowsOf({ results }: Record<string, unknown>): Row[] {
  return results as Row[];
}

function rows(answer: Record<string, unknown>, change: (row: Row) => Row) {
  return { ...answer, results: rowsOf(answer).map(change) };
}

function form(name: string, answer: AnswerForm['answer']): AnswerForm {
  return { name, call: HISTORY, answer };
}

function row(change: object, phase: Phase): DocumentedState {
  const answer: DocumentedState['answer'] = (reply) => rows(reply, (one) => ({ ...one, ...change }));
  return { name: JSON.stringify(change), answer, phases: { '': phase } };
}

testAdapter({
  definition: apptegoManagement,
  fixture: 'v2.apk',
  options: { environment: 'prod' },
  create: { method: 'POST', path: /\/frontend\/upload_application_build$/ },
  status: HISTORY,
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
  withUnknownStatus: (answer, success) => rows(answer, (one) => ({ ...one, success })),
  unknownWords: ['paused', 'true'],
  renamed: (answer, name) => rows(answer, (one) => ({ ...one, name })),
  forms: [
    form('with an odd row beside it', (answer) => ({ ...answer, results: [null, 'gone', ...rowsOf(answer)] })),
    form('with another list before it', ({ results, ...rest }) => ({ filters: [], ...rest, results })),
    form('with the start time as text', (answer) =>
      rows(answer, (one) => ({ ...one, start_time: String(one.start_time) })),
    ),
    form('with the platform in another case', (answer) => rows(answer, (one) => ({ ...one, platform: 'Android' }))),
    form('without what it says of the whole', ({ results }) => ({ results })),
    form('with numbers as text', (answer) => ({ ...answer, total_count: '1', total_pages: '1' })),
  ],
  pages: {
    call: HISTORY,
    asked: ({ body }) => (JSON.parse(body) as { page: number }).page,
    rows: rowsOf,
    otherRow: (one, index) => ({ ...one, name: 'other.apk', start_time: Number(one.start_time) - 60 - index }),
    answer: (answer, results, { page, pages, rows: total }) => ({
      ...answer,
      page,
      results,
      total_count: total ?? undefined,
      total_pages: pages ?? undefined,
    }),
  },
  unknownId: 'production/android/1500000000/app-release.apk',
});

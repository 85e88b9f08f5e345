import { ignite } from '../../src/backends/ignite/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import { type AnswerForm, type DocumentedState, testAdapter } from '../../src/testing/conformance/index.ts';
import { CREATE, IGNITE_SETTINGS, STATUS } from '../support/ignite.ts';

interface Answer {
  readonly data: { readonly id: string; readonly attributes: Readonly<Record<string, unknown>> };
}

/** The three statuses, in the words of the documentation, and the phase for each milestone. */
function words(upload: string, samsung: string, manual: string, ...phases: [Phase, Phase, Phase]): DocumentedState {
  const attributes = { upload_status: upload, samsung_approval_status: samsung, manual_approval_status: manual };
  const [uploaded, ofSamsung, approved] = phases;
  return {
    name: `${upload} ${samsung} ${manual}`,
    answer: (reply) => {
      const { data } = reply as { data: { attributes: object } };
      return { ...reply, data: { ...data, attributes: { ...data.attributes, ...attributes } } };
    },
    phases: { uploaded, samsung: ofSamsung, approved },
  };
}

function form(name: string, change: (data: Answer['data']) => unknown): AnswerForm {
  return { name, call: STATUS, answer: (reply) => ({ data: change((reply as unknown as Answer).data) }) };
}

testAdapter({
  definition: ignite,
  fixture: 'v2.apk',
  create: CREATE,
  status: STATUS,
  states: [
    words('SCHEDULED', 'NOT_REQUESTED', 'NOT_REQUESTED', 'queued', 'queued', 'queued'),
    words('ERROR', 'NOT_REQUESTED', 'NOT_REQUESTED', 'failed', 'failed', 'failed'),
    words('COMPLETED', 'NOT_REQUESTED', 'NOT_REQUESTED', 'succeeded', 'succeeded', 'queued'),
    words('COMPLETED', 'SCHEDULED', 'PENDING', 'succeeded', 'queued', 'queued'),
    words('COMPLETED', 'ERROR', 'APPROVED', 'succeeded', 'failed', 'failed'),
    words('COMPLETED', 'COMPLETED', 'PENDING', 'succeeded', 'succeeded', 'action-required'),
    words('COMPLETED', 'COMPLETED', 'APPROVED', 'succeeded', 'succeeded', 'succeeded'),
  ],
  withUnknownStatus: (answer, word) => {
    const { data } = answer as unknown as Answer;
    return { data: { ...data, attributes: { ...data.attributes, upload_status: word } } };
  },
  unknownWords: ['Completed', 'REJECTED'],
  forms: [
    form('with its id in the attributes alone', ({ attributes }) => ({ attributes })),
    form('with its id beside them alone', ({ id, attributes: { id: _, ...rest } }) => ({ id, attributes: rest })),
    form('of another type', (data) => ({ ...data, type: null, relationships: [] })),
  ],
  unknownId: '820f2060-d373-4bdc-8de3-cdfa17d12a07',
  settings: IGNITE_SETTINGS,
});

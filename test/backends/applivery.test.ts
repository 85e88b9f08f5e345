import { applivery } from '../../src/backends/applivery/index.ts';
import type { Phase } from '../../src/contract/job.ts';
import {
  type AnswerForm,
  type Conformance,
  type DocumentedState,
  testAdapter,
} from '../../src/testing/conformance/index.ts';

function state(status: string, phase: Phase): DocumentedState {
  const answer: DocumentedState['answer'] = (reply) => ({ ...reply, data: { ...(reply.data as object), status } });
  return { name: status, answer, phases: { '': phase } };
}

interface List {
  readonly items: Record<string, unknown>[];
}

const LIST = { method: 'GET', path: /\/builds\?/ };
const DETAILS = { method: 'GET', path: /\/builds\/[^/]+$/ };

function listForm(name: string, change: (list: List) => unknown): AnswerForm {
  const answer: AnswerForm['answer'] = (reply) => ({ ...reply, data: change(reply.data as List) });
  return { name: `a list ${name}`, call: LIST, answer };
}

function buildForm(name: string, change: (build: Record<string, unknown>) => unknown): AnswerForm {
  const answer: AnswerForm['answer'] = (reply) => ({ ...reply, data: change(reply.data as Record<string, unknown>) });
  return { name: `a build ${name}`, call: DETAILS, answer };
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
  withUnknownStatus: (answer, status) => ({ ...answer, data: { ...(answer.data as object), status } }),
  unknownWords: ['Processed', 'done'],
  // What tells a lost upload: the sandbox reads nothing out of a file.
  settings: { versionName: '2.4-rc.1' },
  forms: [
    listForm('with another list before it', (list) => ({ filters: [], ...list })),
    listForm('as it is', ({ items }) => items),
    listForm('in another member, beside other lists', ({ items }) => ({ docs: items, groups: ['a'] })),
    listForm('with odd rows beside it', ({ items }) => ({ items: [null, { id: '../x' }, ...items] })),
    listForm('with numbers as text', (list) => ({ ...list, totalItems: '1', totalPages: '1' })),
    buildForm('with nothing but what decides', ({ id, status }) => ({ id, status })),
    buildForm('with members of other types', (build) => ({ ...build, os: 7, tags: 'rc', size: '1', createdAt: null })),
  ],
  pages: {
    call: LIST,
    asked: ({ path }) => Number(new URL(path, 'http://localhost').searchParams.get('page')),
    rows: ({ data }) => (data as List).items,
    otherRow: (row, index) => ({ ...row, id: `64b0c1d2e3f4a5b6c7d8e9f${index}`, versionName: 'another' }),
    answer: (answer, items, { pages, rows }) => ({
      ...answer,
      data: { items, totalItems: rows ?? undefined, totalPages: pages ?? undefined },
    }),
  },
  unknownId: '64b0c1d2e3f4a5b6c7d8e9f0',
} satisfies Conformance;

testAdapter({ ...COMMON, way: { name: 'Workspace API', variables: (all) => all, download: true } });

testAdapter({
  ...COMMON,
  way: { name: 'Integrations API', variables: ({ APPLIVERY_SERVICE_TOKEN: _, ...rest }) => rest, download: false },
});

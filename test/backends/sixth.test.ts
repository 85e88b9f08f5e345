import { expect, test } from 'vitest';
import * as z from 'zod';
import { PlannedRequest } from '../../src/contract/planned-request.ts';
import { testAdapter } from '../../src/testing/conformance/index.ts';
import { testContext } from '../../src/testing/context.ts';
import { backendInput } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { depot } from '../sixth-backend/index.ts';

testAdapter({
  definition: depot,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/files$/ },
  status: { method: 'GET', path: /\/files\// },
  states: [
    {
      name: 'checking',
      answer: (reply) => ({ ...reply, status: 'checking' }),
      phases: { checked: 'running', shelved: 'running' },
    },
    {
      name: 'checked',
      answer: (reply) => ({ ...reply, status: 'checked' }),
      phases: { checked: 'succeeded', shelved: 'action-required' },
    },
    {
      name: 'shelved',
      answer: (reply) => ({ ...reply, status: 'shelved' }),
      phases: { checked: 'succeeded', shelved: 'succeeded' },
    },
    {
      name: 'refused',
      answer: (reply) => ({ ...reply, status: 'refused' }),
      phases: { checked: 'failed', shelved: 'failed' },
    },
  ],
  withUnknownStatus: (answer, status) => ({ ...answer, status }),
  unknownId: 'ffff',
});

test('its commands say what their schemas say, and rehearse with a plan', async () => {
  const { variables } = await sandbox({}, depot);
  const input = { ...backendInput(depot, variables), operands: ['attic'], flags: {}, limit: 50 };

  for (const { data, writes, run } of depot.commands ?? []) {
    const schema = await data();
    const rehearsed = await run({ ...input, dryRun: true } as never, testContext());
    const done = await run({ ...input, dryRun: false } as never, testContext());

    expect(schema.parse(done.data)).toEqual(done.data);
    expect((writes ? z.strictObject({ plan: PlannedRequest }) : schema).parse(rehearsed.data)).toEqual(rehearsed.data);
  }
  expect(depot.commands).toHaveLength(2);
});

import { expect, test } from 'vitest';
import { backends } from '../../src/backends/index.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { UPLOAD } from '../support/upload.ts';

const SPELLINGS = [
  ['dev', 'development'],
  ['development', 'development'],
  ['stg', 'staging'],
  ['Staging', 'staging'],
  ['prod', 'production'],
  ['production', 'production'],
  ['PROD', 'production'],
] as const;

test.each(backends.filter(({ capabilities }) => capabilities.accepts.includes('environment')))(
  '$id knows what each spelling of an environment is for',
  async (definition) => {
    const { variables } = await sandbox();
    const { adapter } = await openBackend(definition, variables);

    for (const [environment, stage] of SPELLINGS) expect(adapter.stageOf?.({ ...UPLOAD, environment })).toBe(stage);
    expect(adapter.stageOf?.({ ...UPLOAD, environment: undefined })).toBe(null);
  },
);

test.each(backends.filter(({ capabilities }) => !capabilities.accepts.includes('environment')))(
  '$id has no environments, so nothing is for production there',
  async (definition) => {
    const { variables } = await sandbox();
    const { adapter } = await openBackend(definition, variables);

    expect(adapter.stageOf).toBeUndefined();
  },
);

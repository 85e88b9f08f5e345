import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { ROOT } from '../../src/testing/files.ts';

const validators = new Map<string, ValidateFunction>();

/** The value, which is as the JSON Schema says that ships in the built package; throws with all that is wrong with it. */
export function checked<T>(schema: string, value: unknown): T {
  const validate = validators.get(schema) ?? compile(schema);
  if (!validate(value)) throw new Error(`not as ${schema} says: ${JSON.stringify([validate.errors, value], null, 2)}`);
  return value as T;
}

/** Formats are documentation here: zod writes a pattern beside each. */
function compile(schema: string): ValidateFunction {
  const text = readFileSync(join(ROOT, 'dist', schema), 'utf8');
  const validate = new Ajv({ allErrors: true, validateFormats: false }).compile(JSON.parse(text));
  validators.set(schema, validate);
  return validate;
}

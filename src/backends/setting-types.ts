import * as z from 'zod';

/** `true` or `false`, also as the text that a variable or `--set` gives. */
export const yesOrNo = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
  error: 'must be true or false',
});

import * as z from 'zod';

/** Text where it is text; `null` for anything else: nothing that is only shown makes an answer unusable. */
export const Text = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'string' ? value : null));

/** What a server has to say, whatever it is made of; `null` where it says nothing. */
export const Words = z
  .unknown()
  .optional()
  .transform((value) => {
    if (typeof value === 'string') return value === '' ? null : value;
    return value === undefined || value === null ? null : JSON.stringify(value);
  });

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
    const isNothing =
      value == null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
    return isNothing ? null : JSON.stringify(value);
  });

/** A status: whatever is no text is shown as it is, and is a word that nobody knows. */
export const Word = z.unknown().optional().transform(wordOf);

export function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

import * as z from 'zod';

/** The largest second that a `Date` can hold. */
const LAST_SECOND = 8_640_000_000_000;

/** Unix seconds, as both AppTego APIs give times, as an ISO time; `null` for anything else. */
export const UnixTime = z
  .unknown()
  .optional()
  .transform((value) =>
    typeof value === 'number' && Math.abs(value) <= LAST_SECOND ? new Date(value * 1000).toISOString() : null,
  );

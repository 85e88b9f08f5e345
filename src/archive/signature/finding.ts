/** Why a signature is not `true`: it was found to be wrong, or it cannot be checked here. */
export interface Finding {
  readonly verified: false | null;
  readonly reason: string;
}

/** A reason may name an entry, whose name may be very long. */
const LONGEST_REASON = 300;

export function untrue(reason: string): Finding {
  return { verified: false, reason: reason.slice(0, LONGEST_REASON) };
}

export function notChecked(reason: string): Finding {
  return { verified: null, reason };
}

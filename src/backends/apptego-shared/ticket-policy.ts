import type { CallPolicy } from '../../contract/backend/http.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';

/** Job ids are Unix seconds, so two requests for one are kept more than a second apart. */
export const TICKET_POLICY: CallPolicy = { ...CALL_POLICIES.mint, spacingMs: 1_100 };

import type { AppToolError } from '../../../contract/errors.ts';
import type { ErrorRecord } from '../../../contract/result-document.ts';
import { hintOf } from '../next-words.ts';

/** An error as documents have it. */
export function errorRecord(error: AppToolError): ErrorRecord {
  return {
    class: error.class,
    message: error.serverText === null ? error.message : `${error.message}: ${error.serverText}`,
    hint: hintOf(error),
    retryable: error.retryable,
    httpStatus: error.httpStatus,
    backendCode: error.backendCode,
    limit: error.limit,
  };
}

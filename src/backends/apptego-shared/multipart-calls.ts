import type { ApiClient } from '../../contract/backend/http.ts';
import { isNotFound } from '../../contract/errors.ts';
import { CALL_POLICIES } from '../../transfer/call-policy.ts';
import type { SignedUploadProtocol } from '../../transfer/upload/signed-protocol.ts';
import { UndocumentedReply } from './signed-ticket.ts';

/** The two calls that end a multipart upload, the same in both AppTego APIs but for their paths. */
export function multipartCalls(
  api: ApiClient,
  paths: { readonly complete: string; readonly abort: string },
): Pick<SignedUploadProtocol, 'complete' | 'abort'> {
  const shared = { method: 'POST', answer: UndocumentedReply, mayBeEmpty: true } as const;
  return {
    complete: async (session, parts, ctx) => {
      const json = { ...session, parts: parts.map(({ etag, number }) => ({ ETag: etag, PartNumber: number })) };
      const policy = CALL_POLICIES.complete;
      await api.call({ ...shared, what: 'complete the upload', path: paths.complete, json, policy }, ctx);
    },
    abort: async (session, ctx) => {
      const policy = CALL_POLICIES.abort;
      try {
        await api.call({ ...shared, what: 'abort the upload', path: paths.abort, json: session, policy }, ctx);
      } catch (error) {
        // Already gone is what was wanted.
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

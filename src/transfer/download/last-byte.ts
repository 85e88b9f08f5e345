import type { Body } from '../../contract/artifact.ts';
import type { Context } from '../../contract/context.ts';

/** A body that starts something when it has arrived: from the moment its last chunk is handed over, that may have happened. */
export function recordLastByte(body: Body, ctx: Context): Body {
  return {
    sizeBytes: body.sizeBytes,
    async *open() {
      let handedBytes = 0;
      for await (const chunk of body.open()) {
        handedBytes += chunk.byteLength;
        if (handedBytes === body.sizeBytes) ctx.record({ type: 'may-have-landed' });
        yield chunk;
      }
    },
  };
}

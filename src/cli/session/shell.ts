import type { Clock } from '../../contract/context.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import type { TextStream } from '../output/streams.ts';
import type { Host } from '../process/host.ts';

/** What a run has around it, from its first moment. */
export interface Shell {
  readonly process: Host;
  readonly clock: Clock;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly redactor: Redactor;
}

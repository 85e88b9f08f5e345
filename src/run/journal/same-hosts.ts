import { LocalIoError } from '../../contract/errors.ts';
import type { Receipt } from '../../contract/record/journal.ts';
import { isLoopbackAuthority } from '../../contract/text/host.ts';
import type { OpenBackend } from '../backend.ts';

type Place = Pick<OpenBackend, 'id' | 'host'>;

/** A receipt, and where it is. */
interface Known {
  readonly path: string;
  readonly receipt: Pick<Receipt, 'steps'>;
}

/**
 * Throws `LocalIoError` where a receipt is of a rehearsal and this run is not, or the other way round, and where one of its steps went to another host
 * than its backend has now: what is done there is not done here. All hosts of this machine count as one: a sandbox has another port each time.
 */
export function checkSameHosts({ path, receipt }: Known, backends: readonly Place[]): void {
  const known = receipt.steps.filter((step): step is typeof step & { host: string } => step.host !== null);
  for (const { id, host } of backends) {
    if (host === null) continue;
    const other = known.find((step) =>
      isLoopbackAuthority(step.host) || isLoopbackAuthority(host)
        ? isLoopbackAuthority(step.host) !== isLoopbackAuthority(host)
        : step.backend === id && step.host !== host,
    );
    if (other !== undefined)
      throw new LocalIoError(
        `the receipt ${path} says that ${other.id} went to ${other.host}, and ${id} is at ${host} now`,
        {
          hint: isLoopbackAuthority(other.host)
            ? 'nothing was sent; the receipt is of a rehearsal: name another one for the release'
            : 'nothing was sent; name another receipt, or set the address that it went to',
        },
      );
  }
}

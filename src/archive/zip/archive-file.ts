interface ArchiveProblemDetails {
  readonly cause?: unknown;
  /** What to do about it, where the reader knows. */
  readonly hint?: string;
  /** True when the file looks cut short or damaged, so that another transfer of it may be whole. */
  readonly isDamaged?: boolean;
}

/** Why a file is not an app archive. The caller decides whose fault that is: the user's input, or the server's output. */
export class ArchiveProblem extends Error {
  override readonly name = 'ArchiveProblem';
  readonly hint: string | null;
  readonly isDamaged: boolean;

  constructor(message: string, { cause, hint, isDamaged = false }: ArchiveProblemDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint ?? null;
    this.isDamaged = isDamaged;
  }
}

/**
 * A part of an archive that could not be read. What it would have said is not known; the rest of the archive is. The message goes on
 * after the part's name.
 */
export class UnreadablePart extends Error {
  override readonly name = 'UnreadablePart';
  /** True when the part contradicts itself or goes beyond a limit, which no honest build does; false when it is merely not understood. */
  readonly isHostile: boolean;

  constructor(message: string, details: { readonly isHostile: boolean; readonly cause?: unknown }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.isHostile = details.isHostile;
  }
}

/** A part whose compressed data cannot be inflated: nobody can read it, whoever opens the archive. */
export class DamagedData extends UnreadablePart {
  constructor(cause: unknown) {
    super('has damaged compressed data', { isHostile: true, cause });
  }
}

/** A part that costs more to read than any honest one: nobody has looked whether anything is wrong with it. */
export class BeyondLimit extends UnreadablePart {
  constructor(message: string) {
    super(message, { isHostile: true });
  }
}

/** Positioned reads of the file to judge; it stays open, and is the caller's to close. */
export interface ArchiveFile {
  readonly sizeBytes: number;
  /** Where there is a descriptor, threads may read large files by it, at positions. */
  readonly fd?: number;
  /** Somebody else reads all of it at the same time, and needs a core for that. */
  readonly isReadBeside?: boolean;
  /** Fills the buffer from the position on; rejects where the file is shorter. */
  fill(buffer: Buffer, position: number): Promise<void>;
}

export async function readAt(file: ArchiveFile, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  await file.fill(buffer, position);
  return buffer;
}

const PAST_THE_END: ReadonlySet<unknown> = new Set(['ERR_OUT_OF_RANGE', 'ERR_BUFFER_OUT_OF_BOUNDS']);

/** Runs a reader of binary data; a read past the end of the data becomes an `UnreadablePart`. */
export function withinBounds<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (!(cause instanceof RangeError) || !PAST_THE_END.has(code)) throw cause;
    throw new UnreadablePart('ends too early', { isHostile: true, cause });
  }
}

/** From this size on, several connections are tried. */
export const WORTH_LANES_BYTES = 64 * 1024 * 1024;
const LARGEST_PIECE = 32 * 1024 * 1024;
const SMALLEST_PIECE = 8 * 1024 * 1024;
/** What is left is cut so that each connection gets about so many pieces of it. */
const PIECES_EACH = 2;
/** A piece that is being brought is halved as long as the halves are no smaller. */
const SMALLEST_HALF = 1024 * 1024;

/** What one connection brings. */
export interface Piece {
  /** Everything of it before this position has come. */
  position: number;
  /** Not included. It moves: on, where what follows is free, and back, where another connection takes the second half. */
  end: number;
}

/** Who brings what of a file: in order, so that the whole of the beginning is there early. */
export interface Pieces {
  /**
   * A piece for one of so many connections: what was given back or nobody has had, or the second half of the one that has most to come. `null` where
   * another connection is of no use.
   */
  take(lanes: number): Piece | null;
  /** Lets the piece go on with what follows it, if that is free. */
  extend(piece: Piece): void;
  /** Leaves what has not come of the piece to others. */
  giveBack(piece: Piece): void;
  /** The piece has come. */
  done(piece: Piece): void;
}

/** `first` is the piece of the connection that has asked for the whole file; from now on it ends where the next one begins. */
export function createPieces(sizeBytes: number, first: Piece): Pieces {
  const taken = new Set([first]);
  const returned: Piece[] = [];
  let freeFrom = 0;
  const cutOff = (bytes: number): number => {
    freeFrom = Math.min(sizeBytes, freeFrom + bytes);
    return freeFrom;
  };
  /** Large pieces first, because each costs a request; smaller ones towards the end. */
  const fresh = (lanes: number): Piece | null => {
    if (freeFrom === sizeBytes) return null;
    const wanted = Math.ceil((sizeBytes - freeFrom) / (lanes * PIECES_EACH));
    return { position: freeFrom, end: cutOff(Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, wanted))) };
  };
  first.end = cutOff(SMALLEST_PIECE);
  return {
    take(lanes) {
      const piece = returned.shift() ?? fresh(lanes) ?? secondHalf(taken);
      if (piece !== null) taken.add(piece);
      return piece;
    },
    extend(piece) {
      const [next] = returned;
      if (piece.end === freeFrom) piece.end = cutOff(SMALLEST_PIECE);
      else if (next?.position === piece.end) piece.end = returned.shift()?.end ?? piece.end;
    },
    giveBack(piece) {
      taken.delete(piece);
      returned.push(piece);
      returned.sort((one, other) => one.position - other.position);
    },
    done: (piece) => void taken.delete(piece),
  };
}

/** So that no connection works on alone at the end. */
function secondHalf(taken: ReadonlySet<Piece>): Piece | null {
  const toCome = ({ position, end }: Piece): number => end - position;
  const [longest] = [...taken].sort((one, other) => toCome(other) - toCome(one));
  if (longest === undefined || toCome(longest) < 2 * SMALLEST_HALF) return null;
  const half = { position: longest.end - Math.floor(toCome(longest) / 2), end: longest.end };
  longest.end = half.position;
  return half;
}

import { describe, expect, test } from 'vitest';
import { createPieces, type Piece, type Pieces } from '../../src/transfer/download/pieces.ts';

const MIB = 1024 * 1024;

function begin(sizeBytes: number): { readonly pieces: Pieces; readonly first: Piece } {
  const first = { position: 0, end: Number.POSITIVE_INFINITY };
  return { pieces: createPieces(sizeBytes, first), first };
}

/** All that nobody has had yet. */
function takeFresh(pieces: Pieces, first: Piece, lanes: number, sizeBytes: number): Piece[] {
  const taken = [first];
  while (taken.at(-1)?.end !== sizeBytes) taken.push(pieces.take(lanes) as Piece);
  return taken;
}

describe('the pieces of a file', () => {
  test.each([65 * MIB, 100_000_000, 1024 * MIB])('follow each other, large ones first: %i bytes', (sizeBytes) => {
    const { pieces, first } = begin(sizeBytes);

    const taken = takeFresh(pieces, first, 8, sizeBytes);

    expect(taken.slice(1).map(({ position }) => position)).toEqual(taken.slice(0, -1).map(({ end }) => end));
    const sizes = taken.slice(1).map(({ position, end }) => end - position);
    expect(sizes).toEqual(sizes.toSorted((one, other) => other - one));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32 * MIB);
  });

  test('go on with what follows while nobody has that', () => {
    const { pieces, first } = begin(128 * MIB);
    first.position = first.end;
    pieces.extend(first);
    const other = pieces.take(8);

    expect(other?.position).toBe(first.end);
    const end = first.end;
    pieces.extend(first);
    expect(first.end).toBe(end);
  });

  test('are halved when all are taken, the one first that has most to come', () => {
    const { pieces, first } = begin(128 * MIB);
    const taken = takeFresh(pieces, first, 1, 128 * MIB);
    for (const piece of taken) piece.position = piece.end;
    const [one, other] = taken.slice(-2) as [Piece, Piece];
    one.position = one.end - 3 * MIB;
    other.position = other.end - 6 * MIB;

    const half = pieces.take(8);

    expect(half).toEqual({ position: 128 * MIB - 3 * MIB, end: 128 * MIB });
    expect(other.end).toBe(128 * MIB - 3 * MIB);
  });

  test('are not halved for less than a request is worth', () => {
    const { pieces, first } = begin(64 * MIB);
    for (const piece of takeFresh(pieces, first, 4, 64 * MIB)) piece.position = piece.end - (2 * MIB - 1);

    expect(pieces.take(4)).toBeNull();
  });

  test('are for others when they are given back, and may be gone on with', () => {
    const { pieces, first } = begin(128 * MIB);
    const second = pieces.take(4) as Piece;
    const third = pieces.take(4) as Piece;
    pieces.giveBack(third);
    pieces.giveBack(second);

    pieces.extend(first);
    expect(first.end).toBe(second.end);
    expect(pieces.take(4)).toBe(third);
  });
});

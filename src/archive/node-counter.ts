import { UnreadablePart } from './zip/archive-file.ts';

const MOST_NODES = 100_000;
const DEEPEST = 64;

/** Counts what a document holds while it is read; throws `UnreadablePart` where that is more than any honest one does. */
export type NodeCounter = (nodes: number, depth: number) => void;

export function nodeCounter(): NodeCounter {
  let total = 0;
  return (nodes, depth) => {
    total += nodes;
    if (total > MOST_NODES) throw new UnreadablePart(`has more than ${MOST_NODES} nodes`, { isHostile: true });
    if (depth > DEEPEST) throw new UnreadablePart(`is nested more than ${DEEPEST} deep`, { isHostile: true });
  };
}

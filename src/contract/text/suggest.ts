/** The known word nearest to a mistyped one, when it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: { readonly candidate: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (best === null || distance < best.distance) best = { candidate, distance };
  }
  // Two letters in four are another word, and so is a third of a long one.
  const furthest = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 4));
  return best !== null && best.distance <= furthest ? best.candidate : null;
}

/** The end of a message about a word that is not among the known ones: names the one that was likely meant. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word.toLowerCase(), known);
  return near === null ? '' : `; did you mean ${near}?`;
}

/** Levenshtein distance with swaps of neighbours, row by row. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

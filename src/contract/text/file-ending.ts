/** The one of these endings, such as `apk` or `tar.gz`, that a file's name has, in any case; `null` where it has none of them. */
export function endingOf<Ending extends string>(name: string, endings: readonly Ending[]): Ending | null {
  const lower = name.toLowerCase();
  return endings.find((ending) => lower.endsWith(`.${ending}`)) ?? null;
}

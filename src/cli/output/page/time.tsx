import type { JSX } from 'preact';

/** A point in time as people read it, in UTC: the page is read in other places than where it was made. */
export function Time({ at }: { readonly at: string }): JSX.Element {
  return <time dateTime={at}>{`${at.slice(0, 10)} ${at.slice(11, 19)} UTC`}</time>;
}

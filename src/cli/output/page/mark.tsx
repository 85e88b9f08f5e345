import type { JSX } from 'preact';
import type { Verdict } from './release-view.ts';

/** How something stands: in words, and in a colour beside them. */
export function Mark({ verdict: { tone, words } }: { readonly verdict: Verdict }): JSX.Element {
  return <span class={`mark ${tone}`}>{words}</span>;
}

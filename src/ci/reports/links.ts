import type { Links } from '../../contract/record/links.ts';
import type { Redactor } from '../../contract/text/redact.ts';
import { element } from './markup.ts';

/** The addresses of a step as links, by their names. What is no plain address is left out. */
export function linksOf(links: Links, redactor: Redactor): string {
  const isPlain = (url: string) => /^https?:\/\/[!-~]{1,2000}$/.test(url) && redactor.redact(url) === url;
  const known = Object.entries(links).flatMap(([name, url]) =>
    url !== null && isPlain(url) ? [element('a', { href: url }, name)] : [],
  );
  return known.length === 0 ? '–' : known.join(' ');
}

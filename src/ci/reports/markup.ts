type Attributes = Readonly<Record<string, string | number>>;

/** An element of XML or HTML; what is in it is markup already. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const shown = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeMarkup(String(value))}"`);
  const start = `<${name}${shown.join('')}`;
  return content.length === 0 ? `${start}/>` : `${start}>${content.join('')}</${name}>`;
}

/** Text that no reader takes for markup. That it holds no character that XML forbids is up to `safeLine`. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

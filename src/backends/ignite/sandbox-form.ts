import type { ReceivedForm } from '../../contract/backend/sandbox.ts';

type Tree = { [key: string]: unknown };

/**
 * The content of a form, whichever of the encodings it is in: JSON in a part, `a[b]` and `a[]`, or `a.b` and repeated names. What is no
 * content is left as it is, for the caller to refuse.
 */
export function contentOfForm({ fields }: ReceivedForm): unknown {
  const content: Tree = Object.create(null);
  for (const { name, value } of fields) place(content, pathOf(name), value);
  const { variant_segment_ids: segments, send_to_samsung: samsung, store_metadata: metadata } = content;
  return {
    ...content,
    variant_segment_ids: typeof segments === 'string' ? (jsonOf(segments) ?? [segments]) : segments,
    send_to_samsung: samsung === 'true' || samsung === 'false' ? samsung === 'true' : samsung,
    store_metadata: typeof metadata === 'string' ? jsonOf(metadata) : typed(metadata),
  };
}

/** `a[b][]` and `a.b` as the names of their steps; an empty one adds to a list. */
function pathOf(name: string): string[] {
  const [, head = name, rest = ''] = /^([^[]+)((?:\[[^\]]*\])+)$/.exec(name) ?? [];
  return rest === '' ? name.split('.') : [head, ...[...rest.matchAll(/\[([^\]]*)\]/g)].map(([, step = '']) => step)];
}

function place(tree: Tree, [step = '', ...rest]: readonly string[], value: string): void {
  const before = tree[step];
  if (rest.length === 0) tree[step] = before === undefined ? value : [before, value].flat();
  else if (rest.length === 1 && rest[0] === '') tree[step] = [before ?? [], value].flat();
  else {
    const inner = typeof before === 'object' && before !== null ? (before as Tree) : (Object.create(null) as Tree);
    tree[step] = inner;
    place(inner, rest, value);
  }
}

/** Text has neither numbers nor empty objects. */
function typed(metadata: unknown): unknown {
  if (typeof metadata !== 'object' || metadata === null) return metadata;
  const { size, permissions, ...texts } = metadata as Tree;
  const each = permissions === '' ? [] : Object.entries(permissions ?? {});
  return {
    ...texts,
    size: Number(size),
    permissions: Object.fromEntries(each.map(([name, value]) => [name, value === '' ? {} : value])),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { type NodeCounter, nodeCounter } from '../node-counter.ts';
import { UnreadablePart, withinBounds } from '../zip/archive-file.ts';
import { readItem } from './proto-item.ts';
import { type ProtoReader, protoReader } from './protobuf.ts';
import type { XmlAttribute, XmlElement } from './xml-element.ts';

/**
 * Reads the manifest of an app bundle, an `aapt.pb.XmlNode`, and returns its root element.
 * Format: frameworks/base/tools/aapt2/Resources.proto. Throws `UnreadablePart`.
 */
export function readProtoManifest(bytes: Buffer): XmlElement {
  const root = withinBounds(() => readNode(bytes, { proto: protoReader(), count: nodeCounter() }, 1));
  if (root === null) throw new UnreadablePart('has no element', { isHostile: false });
  return root;
}

interface Reading {
  readonly proto: ProtoReader;
  readonly count: NodeCounter;
}

/** An element, or `null` for a text. */
function readNode(node: Buffer, reading: Reading, depth: number): XmlElement | null {
  const { proto, count } = reading;
  const element = proto.fieldOf(node, 1);
  if (element === undefined) return null;
  let name = '';
  const attributes: XmlAttribute[] = [];
  const children: XmlElement[] = [];
  count(1, depth);
  for (const { number, bytes } of proto.fieldsOf(element.bytes)) {
    if (number === 3) name = bytes.toString('utf8');
    if (number === 4) {
      count(1, depth);
      attributes.push(readAttribute(bytes, proto));
    }
    if (number === 5) {
      const child = readNode(bytes, reading, depth + 1);
      if (child !== null) children.push(child);
    }
  }
  return { name, attributes, children };
}

function readAttribute(attribute: Buffer, proto: ProtoReader): XmlAttribute {
  const resourceId = proto.fieldOf(attribute, 5)?.value ?? 0;
  const compiled = proto.fieldOf(attribute, 6);
  const namespace = proto.fieldOf(attribute, 1)?.bytes.toString('utf8') ?? '';
  return {
    namespace: namespace === '' ? null : namespace,
    resourceId: resourceId === 0 ? null : resourceId,
    name: proto.fieldOf(attribute, 2)?.bytes.toString('utf8') ?? '',
    value:
      compiled === undefined
        ? { type: 'string', text: proto.fieldOf(attribute, 3)?.bytes.toString('utf8') ?? '' }
        : readItem(compiled.bytes, proto),
  };
}

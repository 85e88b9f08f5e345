import { nodeCounter } from '../node-counter.ts';
import { UnreadablePart, withinBounds } from '../zip/archive-file.ts';
import { chunksOf, readStringPool, resValue, STRING_POOL, type StringPool, wholeChunk } from './res-chunks.ts';
import type { XmlAttribute, XmlElement } from './xml-element.ts';

const XML_FILE = 0x0003;
const RESOURCE_MAP = 0x0180;
const START_ELEMENT = 0x0102;
const END_ELEMENT = 0x0103;
const ATTRIBUTE_BYTES = 20;

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
}

/**
 * Reads Android's binary XML and returns its root element.
 * Format: frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h, `ResXMLTree_*`. Throws `UnreadablePart`.
 */
export function readBinaryXml(bytes: Buffer): XmlElement {
  return withinBounds(() => readTree(bytes));
}

function readTree(bytes: Buffer): XmlElement {
  const count = nodeCounter();
  const document: OpenElement = { name: '', attributes: [], children: [] };
  const open = [document];
  let strings: StringPool = () => null;
  let resourceIds: Buffer = Buffer.alloc(0);
  const file = wholeChunk(bytes, XML_FILE);
  for (const chunk of chunksOf(file.bytes, file.headerBytes)) {
    if (chunk.type === STRING_POOL) strings = readStringPool(chunk);
    if (chunk.type === RESOURCE_MAP) resourceIds = chunk.bytes.subarray(chunk.headerBytes);
    if (chunk.type === START_ELEMENT) {
      const element = readElement(chunk.bytes.subarray(chunk.headerBytes), strings, resourceIds);
      count(1 + element.attributes.length, open.length);
      open.at(-1)?.children.push(element);
      open.push(element);
    }
    if (chunk.type === END_ELEMENT && open.length > 1) open.pop();
    // Android looks no further than the end of the root, and some tools put there what is no chunk.
    if (open.length === 1 && document.children.length > 0) break;
  }
  const [root] = document.children;
  if (root === undefined) throw new UnreadablePart('has no element', { isHostile: false });
  return root;
}

/** `bytes` is a `ResXMLTree_attrExt` and the attributes behind it. */
function readElement(bytes: Buffer, strings: StringPool, resourceIds: Buffer): OpenElement {
  const attributesAt = bytes.readUInt16LE(8);
  const attributeBytes = bytes.readUInt16LE(10);
  const attributeCount = bytes.readUInt16LE(12);
  if (attributeCount > 0 && attributeBytes < ATTRIBUTE_BYTES)
    throw new UnreadablePart('has attributes that overlap', { isHostile: true });
  const attributes: XmlAttribute[] = [];
  for (let index = 0; index < attributeCount; index += 1) {
    const at = attributesAt + index * attributeBytes;
    const nameIndex = bytes.readUInt32LE(at + 4);
    const resourceId = 4 * nameIndex + 4 <= resourceIds.length ? resourceIds.readUInt32LE(4 * nameIndex) : 0;
    attributes.push({
      namespace: strings(bytes.readUInt32LE(at)),
      // A map as long as the string pool has zeros for what is no attribute of Android's.
      resourceId: resourceId === 0 ? null : resourceId,
      name: strings(nameIndex) ?? '',
      value: resValue(bytes.readUInt8(at + 15), bytes.readUInt32LE(at + 16), strings),
    });
  }
  return { name: strings(bytes.readUInt32LE(4)) ?? '', attributes, children: [] };
}

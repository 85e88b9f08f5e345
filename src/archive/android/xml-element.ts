import type { ResValue } from './res-chunks.ts';

/** An element of a compiled manifest, whichever of its two formats it was in. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
}

export interface XmlAttribute {
  /** Its address; `null` for an attribute in no namespace. */
  readonly namespace: string | null;
  /** What Android knows an attribute of its own by; the name beside it may have been stripped. */
  readonly resourceId: number | null;
  readonly name: string;
  readonly value: ResValue;
}

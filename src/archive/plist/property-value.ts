/** A property list of Apple's, in either of its two formats. */
export type PropertyList = string | number | boolean | Date | Buffer | null | PropertyList[] | PropertyDict;
export type PropertyDict = ReadonlyMap<string, PropertyList>;

/**
 * A value as YAML of any version, readable by people: JSON in lines, which YAML 1.2 takes whole and YAML 1.1 too, where no string holds what its
 * double quotes do not know. Characters beyond ASCII stay as they are; controls are escaped by JSON itself.
 */
export function yamlText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

import type { Artifact, Body } from '../../contract/artifact.ts';
import { encodeForm, type FormField } from '../../transfer/http/form.ts';
import type { UploadContent } from './metadata.ts';
import type { IgniteSettings } from './settings.ts';

type Encoding = Pick<IgniteSettings, 'encoding' | 'jsonPartTypes'>;

const FILE = { name: 'file', contentType: 'application/vnd.android.package-archive' } as const;

/** The whole upload as one request body, which holds the file last. */
export function encodeUpload(
  content: UploadContent,
  artifact: Artifact,
  encoding: Encoding,
): { readonly contentType: string; readonly body: Body } {
  const body = artifact.slice(0, artifact.sizeBytes);
  if (encoding.encoding === 'json-base64')
    return { contentType: 'application/json', body: jsonWithFile(content, body) };
  return encodeForm({ fields: fieldsOf(content, encoding), file: { ...FILE, fileName: artifact.name, body } });
}

function fieldsOf(content: UploadContent, { encoding, jsonPartTypes }: Encoding): FormField[] {
  const path = PATHS[encoding === 'dots' ? 'dots' : 'brackets'];
  return Object.entries(content).flatMap(([name, value]: [string, unknown]): FormField[] => {
    if (encoding !== 'json-part') return flatten(name, value, path);
    if (typeof value !== 'object') return [{ name, value: String(value) }];
    const part = { name, value: JSON.stringify(value) };
    return [jsonPartTypes ? { ...part, contentType: 'application/json' } : part];
  });
}

interface PathStyle {
  readonly member: (name: string, key: string) => string;
  readonly item: (name: string) => string;
}

const PATHS = {
  /** store_metadata[package_name], variant_segment_ids[] */
  brackets: { member: (name, key) => `${name}[${key}]`, item: (name) => `${name}[]` },
  /** store_metadata.package_name, and variant_segment_ids once for each */
  dots: { member: (name, key) => `${name}.${key}`, item: (name) => name },
} as const satisfies Record<string, PathStyle>;

/** A field for every value within; one that holds nothing is an empty field, so that its name is there. */
function flatten(name: string, value: unknown, path: PathStyle): FormField[] {
  if (Array.isArray(value)) return value.flatMap((item) => flatten(path.item(name), item, path));
  if (typeof value !== 'object' || value === null) return [{ name, value: String(value) }];
  const members = Object.entries(value);
  if (members.length === 0) return [{ name, value: '' }];
  return members.flatMap(([key, member]) => flatten(path.member(name, key), member, path));
}

/** One JSON object of the content and, as its last member, the file in base64 (RFC 4648, section 4). */
function jsonWithFile(content: UploadContent, file: Body): Body {
  const head = Buffer.from(`${JSON.stringify(content).slice(0, -1)},"${FILE.name}":"`, 'utf8');
  const tail = Buffer.from('"}', 'utf8');
  return {
    sizeBytes: head.length + 4 * Math.ceil(file.sizeBytes / 3) + tail.length,
    async *open() {
      yield head;
      yield* inBase64(file.open());
      yield tail;
    },
  };
}

/** Three bytes are four characters, so what is left of a chunk goes in front of the next one. */
async function* inBase64(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    rest = bytes.subarray(whole);
    if (whole > 0) yield Buffer.from(bytes.toString('base64', 0, whole), 'latin1');
  }
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1');
}

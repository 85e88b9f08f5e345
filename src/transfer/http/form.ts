import FormData from 'form-data';
import type { Body } from '../../contract/artifact.ts';

export interface FormField {
  readonly name: string;
  readonly value: string;
  /** Of the part; most servers take a part with a type for a file, so there is none unless it is asked for. */
  readonly contentType?: string;
}

/** A small file that travels as a part, such as an icon. */
export interface FormAttachment {
  readonly name: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** A form with one large file. The file is the last part, so that a server has read all that describes it when it comes. */
export interface Form {
  readonly fields: readonly FormField[];
  readonly attachments?: readonly FormAttachment[];
  readonly file: {
    readonly name: string;
    readonly fileName: string;
    readonly contentType: string;
    readonly body: Body;
  };
}

/**
 * A form as a request body of exact length (RFC 7578). `form-data` writes everything around the file; the file's own bytes come straight
 * from where they are read, in large chunks and never whole in memory, anew for each try.
 */
export function encodeForm({ fields, attachments = [], file }: Form): {
  readonly contentType: string;
  readonly body: Body;
} {
  const form = new FormData();
  for (const { name, value, contentType } of fields)
    form.append(name, value, contentType === undefined ? {} : { contentType });
  for (const { name, fileName, contentType, bytes } of attachments)
    form.append(name, bytes, { filename: fileName, contentType });
  form.append(file.name, Buffer.alloc(0), { filename: file.fileName, contentType: file.contentType });
  const framing = form.getBuffer();
  const tailBytes = `\r\n--${form.getBoundary()}--\r\n`.length;
  const head = framing.subarray(0, -tailBytes);
  const tail = framing.subarray(-tailBytes);
  return {
    contentType: `multipart/form-data; boundary=${form.getBoundary()}`,
    body: {
      sizeBytes: framing.length + file.body.sizeBytes,
      async *open() {
        yield head;
        yield* file.body.open();
        yield tail;
      },
    },
  };
}

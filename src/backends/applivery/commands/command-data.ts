import * as z from 'zod';

/** What the commands say with `--json`. The commands know these schemas by their types alone. */

const text = z.string().nullish();

const Build = z
  .looseObject({
    job: z.string().describe('Its job reference'),
    id: z.string(),
    status: z.string(),
    os: text,
    versionName: text,
    versionCode: text,
    changelog: text,
    originalExtension: text,
    createdAt: text,
    tags: z.array(z.string()).nullish(),
  })
  .describe('What else Applivery says of a build is there too, as it came');

export const Builds = z.strictObject({ builds: z.array(Build) });
export type Builds = z.infer<typeof Builds>;

export const OneBuild = z.strictObject({ build: Build });
export type OneBuild = z.infer<typeof OneBuild>;

export const DeletedBuild = z.strictObject({ deleted: z.string().describe('Its job reference') });
export type DeletedBuild = z.infer<typeof DeletedBuild>;

const Publication = z
  .looseObject({
    id: z.string(),
    slug: text,
    distributionUrl: text.describe('The link that testers get'),
    visibility: text,
    security: text,
    createdAt: text,
  })
  .describe('What else Applivery says of a publication is there too, as it came');

export const Publications = z.strictObject({ publications: z.array(Publication) });
export type Publications = z.infer<typeof Publications>;

export const OnePublication = z.strictObject({ publication: Publication });
export type OnePublication = z.infer<typeof OnePublication>;

export const Apps = z.strictObject({
  apps: z.array(
    z
      .looseObject({ id: z.string(), name: text, slug: text, createdAt: text })
      .describe('What else Applivery says of an app is there too, as it came'),
  ),
});
export type Apps = z.infer<typeof Apps>;

const File = z.strictObject({
  id: z.string().nullable().describe('Null where the answer does not name it'),
  name: z.string().nullable(),
  size: z.int().nullable(),
});

export const OneFile = z.strictObject({ file: File });
export type OneFile = z.infer<typeof OneFile>;

export const FetchedFile = z.strictObject({ file: File.extend({ path: z.string(), sha256: z.string() }) });
export type FetchedFile = z.infer<typeof FetchedFile>;

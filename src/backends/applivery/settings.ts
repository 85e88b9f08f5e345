import * as z from 'zod';
import { yesOrNo } from '../setting-types.ts';

/** In characters; the vendor names no limit. */
const LONGEST_TEXT = 64 * 1024;
const FILTER = 'needs AND groups, for example "a+b,c"';

const text = z
  .string({ error: 'expected a text' })
  .min(1, 'is empty')
  .max(LONGEST_TEXT, `is longer than ${LONGEST_TEXT} characters`);

/** "a 24-hex id or slug" for organizations, 24 hex digits for apps: only what would leave its place in a path is refused. */
const id = z.string({ error: 'expected an id' }).regex(/^[\w-]{1,128}$/, 'must be an id of letters, digits, - and _');

/** `a,b` or a list. */
const tags = z
  .union([text.transform((list) => list.split(',').map((tag) => tag.trim())), z.array(z.string())], {
    error: 'expected tags separated by commas',
  })
  .refine((list) => list.every((tag) => tag !== ''), { error: 'contains an empty tag' })
  // They travel as one text with commas between them: a comma in one would make two of it.
  .refine((list) => list.every((tag) => !tag.includes(',')), { error: 'contains a tag with a comma in it' });

const Groups = z.array(z.array(z.string().min(1)).min(1)).min(1);

/** Employee groups: the outer list is OR, the inner ones AND. */
const filter = z.union([Groups, z.string().transform(parseFilter)], { error: FILTER });

/**
 * `a+b,c`: "a and b, or c". With a `|` it is the notation of the vendor's fastlane plugin instead: `a,b|c` says the same. A text that
 * starts with `[` is the nested list as JSON, for groups whose names hold such characters.
 */
function parseFilter(given: string, issues: z.core.$RefinementCtx): string[][] {
  const [or, and] = given.includes('|') ? ['|', ','] : [',', '+'];
  const parsed = Groups.safeParse(given.startsWith('[') ? parseJson(given) : splitFilter(given, or, and));
  if (parsed.success) return parsed.data;
  issues.addIssue({ code: 'custom', message: FILTER });
  return z.NEVER;
}

function splitFilter(given: string, or: string, and: string): string[][] | null {
  const isMixed = given.includes(';') || (or === '|' && given.includes('+'));
  return isMixed ? null : given.split(or).map((group) => group.split(and).map((name) => name.trim()));
}

function parseJson(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    // The parser's message quotes the text; ours says what is expected.
    return null;
  }
}

function address(url: string, what: string) {
  return z.string().default(url).describe(`Base address of ${what}`);
}

export const Settings = z.strictObject({
  api: z
    .enum(['integrations', 'workspace'], { error: 'must be integrations or workspace' })
    .optional()
    .describe('Which API to use; default: the API of the token that is set'),
  organizationId: id.optional().describe('Organization that owns the app (Workspace API)'),
  applicationId: id.optional().describe('App to upload to (Workspace API)'),
  storeId: id.optional().describe('App Store that publications belong to (Workspace API)'),
  uploadUrl: address('https://upload.applivery.io', 'uploads'),
  apiUrl: address('https://api.applivery.io', 'questions'),
  downloadUrl: address('https://download-api.applivery.io', 'downloads'),
  tenant: z
    .string({ error: 'expected a name or a domain' })
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i, 'must be a name such as acme, or a domain such as acme.applivery.io')
    .optional()
    .describe('Private tenant: its name or base domain, from which all three addresses follow'),
  versionName: text.optional().describe('Version name of the build; default: as in the file'),
  changelog: text.optional().describe('What is new; releaseNotes takes precedence'),
  tags: tags.optional().describe('Tags of the build; the tags of the upload take precedence'),
  notifyCollaborators: yesOrNo.default(false).describe('Send a mail to the collaborators of the app and the workspace'),
  notifyEmployees: yesOrNo.default(false).describe('Send a mail to the employees of the stores'),
  notifyMessage: text.optional().describe('Message in these mails'),
  notifyLanguage: z
    .enum(['es', 'en', 'fr', 'ge', 'de', 'it', 'zh', 'pt', 'ru'], { error: 'must be es, en, fr, ge, it, zh, pt or ru' })
    .optional()
    .describe('Language of these mails: es, en, fr, ge (German), it, zh, pt, ru'),
  filter: filter.optional().describe('Groups of employees to mail: "a+b,c" is a and b, or c; or nested lists'),
  buildPlatform: text.optional().describe('Platform of a build that Applivery cannot read, such as ps5'),
  packageName: text.optional().describe('Package name, where Applivery cannot read it'),
  packageVersion: text.optional().describe('Version, where Applivery cannot read it'),
  packageIcon: text.optional().describe('PNG or JPEG file, where Applivery cannot read the icon'),
  deployer: yesOrNo.default(true).describe("Send commit, branch and build, from the CI's variables or git"),
  deployerName: text.optional().describe('Name of the deployer; default: the name of the CI, or apptool'),
});
export type Settings = z.infer<typeof Settings>;

/** The hosts of a private tenant; a value with a dot is taken as its base domain as it stands. */
export function addressesOfTenant(tenant: string): Readonly<Record<string, string>> {
  const domain = tenant.includes('.') ? tenant : `${tenant}.applivery.io`;
  return {
    uploadUrl: `https://upload.${domain}`,
    apiUrl: `https://api.${domain}`,
    downloadUrl: `https://download-api.${domain}`,
  };
}

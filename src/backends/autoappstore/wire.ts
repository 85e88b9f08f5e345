import * as z from 'zod';
import type { Finding } from '../../contract/job.ts';
import { cutText } from '../../contract/text/safe-text.ts';
import { Word, wordOf } from '../loose-fields.ts';
import { isRecord, listIn, readRows } from '../rows.ts';
import { ID } from './id.ts';

/**
 * The JSON of the AutoAppStore CI upload API (docs.autoappstore.com/api-reference): only the fields that are read. Loose where a later
 * check names the rule that an odd value breaks.
 */

const LONGEST_CODE = 100;
const LONGEST_MESSAGE = 500;
const LONGEST_WORD = 100;

const Id = z.union([z.string(), z.int().transform(String)]).refine((id) => ID.test(id));
const Text = z.string().nullish().catch(null);
const Count = z.int().min(0).nullish().catch(null);

/** "Upload a new revision": the version, and its first validation run. */
export const UploadReply = z
  .object({
    version: z.object({ id: Id, app_id: Text, version_code: Count, version_name: Text, status: Text }),
    validation_run: z.object({ id: Id, status: Text }).nullish().catch(null),
  })
  .transform(({ version, validation_run: run }) => ({
    id: version.id,
    appId: version.app_id ?? null,
    versionCode: version.version_code ?? null,
    versionName: version.version_name ?? null,
    status: version.status ?? null,
    runId: run?.id ?? null,
    runStatus: run?.status ?? null,
  }));
export type UploadReply = z.infer<typeof UploadReply>;

/** Severities are info, warning and blocking: "Feedback loop". Any other is shown as a warning; the run's own word decides then. */
const ReportedFinding = z
  .object({ code: Text, severity: Text, message: Text })
  .transform(({ code, severity, message }): Finding => {
    const known = severity?.toLowerCase();
    return {
      code: cutText(code ?? 'finding', LONGEST_CODE),
      severity: known === 'info' || known === 'blocking' ? known : 'warning',
      message: cutText(message ?? '', LONGEST_MESSAGE),
    };
  });

/** What a run found, whatever it is made of: what is no finding is shown as it is, and the run's own word decides. */
function findingsIn(value: unknown): Finding[] {
  if (value == null) return [];
  return (Array.isArray(value) ? value : [value]).map(
    (found) => ReportedFinding.safeParse(found).data ?? ReportedFinding.parse({ message: wordOf(found) }),
  );
}

/** One in another form is a run whose word nobody knows: it holds no verdict. */
const Run = z
  .object({ id: Id, status: Word, findings: z.unknown().optional().transform(findingsIn) })
  .catch(({ value }) => ({ id: '', status: cutText(JSON.stringify(value ?? null), LONGEST_WORD), findings: [] }));
export type Run = z.infer<typeof Run>;

/** "Read validation results"; `null` for an answer without a list of runs. */
export const ValidationReply = z.object({ runs: z.array(Run).nullable().catch(null) });

/** "Read a version (status + live state)". */
export const VersionReply = z
  .object({
    id: Id,
    version_code: Count,
    version_name: Text,
    status: z.unknown().optional(),
    open_issue_count: Count,
  })
  .transform((reply) => ({
    id: reply.id,
    versionCode: reply.version_code ?? null,
    versionName: reply.version_name ?? null,
    status: reply.status === undefined ? null : wordOf(reply.status),
    openIssues: reply.open_issue_count ?? 0,
  }));
export type Version = z.infer<typeof VersionReply>;

const Strings = z
  .array(Word)
  .nullish()
  .transform((strings) => strings ?? []);

/** "Read release status (where a version is live)". */
export const ReleaseReply = z
  .object({ live: z.boolean(), targets: z.object({ countries: Strings, vehicle_contexts: Strings }).nullish() })
  .transform(({ live, targets }) => ({
    live,
    countries: targets?.countries ?? [],
    vehicleContexts: targets?.vehicle_contexts ?? [],
  }));
export type Release = z.infer<typeof ReleaseReply>;

/** A CI token without its value. Only the id is sure to be there: the documentation shows no fields [assumed]. */
const Token = z.object({ id: Id, name: Text, created_at: Text, last_used_at: Text }).transform((token) => ({
  id: token.id,
  name: token.name ?? null,
  createdAt: token.created_at ?? null,
  lastUsedAt: token.last_used_at ?? null,
}));
export type Token = z.infer<typeof Token>;

/** "List (no secret values)": a list, or an object that holds one [assumed]. */
export const TokenListReply = z.preprocess(
  (reply) => listIn(reply, 'tokens'),
  z.array(z.unknown()).transform((rows) => readRows(Token, rows)),
);

/** Where the raw value may stand, which the documentation does not say [assumed]: in one of these fields, beside the id, or one object further in. */
const RAW_VALUE = ['token', 'raw_token', 'value', 'secret', 'raw'];

/** "Create → returns the raw token once". */
export const NewTokenReply = z.looseObject({}).transform((reply, issues) => {
  const inner = Object.values(reply).find(isRecord);
  const value = [reply, inner].flatMap((place) => RAW_VALUE.map((name) => place?.[name])).find(isRawValue);
  const id = Id.nullable()
    .catch(null)
    .parse(reply.id ?? inner?.id ?? null);
  if (value !== undefined) return { id, value };
  issues.addIssue({ code: 'custom', path: ['token'], message: 'no raw value' });
  return z.NEVER;
});

/** What a revoked token is answered with is not documented: any 2xx counts. */
export const NoReply = z.unknown();

function isRawValue(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{8,}$/.test(value);
}

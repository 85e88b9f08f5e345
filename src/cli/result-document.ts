import * as z from 'zod';

const Nullable = <T extends z.ZodType>(schema: T) => schema.nullable();

/** The one document that `--json` prints, in success, failure and cancellation. What does not apply is `null`. */
export const ResultDocument = z.strictObject({
  schemaVersion: z.literal(1),
  command: Nullable(z.string()).describe('The command, or null where the command line named none'),
  ok: z.boolean(),
  exitCode: z.int(),
  backend: Nullable(z.string()),
  job: Nullable(z.strictObject({ ref: z.string(), id: z.string() })),
  state: Nullable(
    z.strictObject({
      phase: z.enum(['queued', 'running', 'action-required', 'succeeded', 'failed']),
      status: z.string().describe("The backend's own word"),
      message: Nullable(z.string()),
    }),
  ),
  findings: z
    .array(
      z.strictObject({
        code: z.string().describe("The backend's own code"),
        severity: z.enum(['info', 'warning', 'blocking']),
        message: z.string(),
      }),
    )
    .describe('What the backend found in the file; blocking ones fail the job, warnings stand in warnings too'),
  artifact: Nullable(
    z.strictObject({
      path: z.string(),
      name: z.string(),
      size: z.int(),
      sha256: Nullable(z.string()),
      platform: z.enum(['android', 'ios']),
      packageName: Nullable(z.string()),
      versionName: Nullable(z.string()),
      versionCode: Nullable(z.int()),
    }),
  ),
  output: Nullable(z.strictObject({ path: z.string(), name: z.string(), size: z.int(), sha256: z.string() })),
  targets: z.array(z.unknown()).describe('One record per target of publish and release'),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  durationMs: z.int(),
  error: Nullable(
    z.strictObject({
      class: z.string().describe('The class of error, as in docs/exit-codes.md'),
      message: z.string(),
      hint: Nullable(z.string()),
      retryable: z.boolean(),
      httpStatus: Nullable(z.int()),
      backendCode: Nullable(z.string()),
    }),
  ),
  data: z.unknown().describe('What a command that lists or describes has to say; null for the others'),
});
export type ResultDocument = z.infer<typeof ResultDocument>;

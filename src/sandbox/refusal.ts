import type * as z from 'zod';
import type { SandboxAnswer, SandboxRequest } from '../contract/backend/sandbox.ts';
import { StoreRefusal } from './store-errors.ts';

/** An answer other than success: `{"error": "…"}`. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The JSON of a 200, or of the refusal that was thrown in its place. */
export async function answerJson(work: () => Promise<unknown>): Promise<SandboxAnswer> {
  try {
    return { status: 200, json: await work() };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, json: { error: error.message } };
    if (!(error instanceof StoreRefusal)) throw error;
    return { status: error.status, json: { error: `${error.code}: ${error.message}` } };
  }
}

export function demandMethod(request: SandboxRequest, method: string): void {
  if (request.method !== method) throw new Refusal(405, 'Method not allowed');
}

export async function readJson(request: SandboxRequest): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new Refusal(400, 'Content-Type must be application/json');
  try {
    return JSON.parse((await request.body()).toString('utf8'));
  } catch {
    throw new Refusal(400, 'Invalid JSON');
  }
}

/** The body in its shape; a 400 that names the fields that are missing or wrong. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'body'))];
  throw new Refusal(400, `Missing or invalid fields: ${fields.join(', ')}`);
}

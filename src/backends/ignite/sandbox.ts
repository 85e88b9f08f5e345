import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type {
  SandboxAnswer,
  SandboxPart,
  SandboxRequest,
  SandboxTools,
  StoredObject,
} from '../../contract/backend/sandbox.ts';
import { UnreadableForm } from '../../sandbox/form.ts';
import { contentOfForm } from './sandbox-form.ts';
import { createService, Refusal, type Service } from './sandbox-service.ts';

const ACCOUNT = '/account';
const API = '/app-management';
/** A form goes to the disk as it comes; a JSON body is taken whole. */
const LARGEST_JSON_UPLOAD = 64 * 1024 * 1024;

/**
 * The stand-in for Digital Turbine's Account Service and App Management API, each below an address of its own: what
 * docs.digitalturbine.com/dt-ignite/app-management-api says that they need, checked. The encoding of an upload is not documented, so it
 * takes each that apptool can send.
 */
export function createIgniteSandbox(tools: SandboxTools): SandboxPart {
  const client = { id: randomUUID(), secret: `${tools.randomId()}${tools.randomId()}` };
  const service = createService(tools, client);
  return {
    variables: {
      IGNITE_ACCOUNT_URL: `${tools.baseUrl}${ACCOUNT}`,
      IGNITE_API_URL: `${tools.baseUrl}${API}`,
      IGNITE_CLIENT_ID: client.id,
      IGNITE_CLIENT_SECRET: client.secret,
    },
    handle: async (request): Promise<SandboxAnswer> => {
      const isAccount = request.path.startsWith(`${ACCOUNT}/`);
      try {
        const json = isAccount ? await token(service, request) : await api(service, request, tools);
        return { status: 200, json };
      } catch (error) {
        if (error instanceof UnreadableForm) return refused(isAccount, new Refusal(error.status, error.message));
        if (error instanceof Refusal) return refused(isAccount, error);
        throw error;
      }
    },
  };
}

/** As OAuth says it, and as JSON:API does [assumed]. */
function refused(isAccount: boolean, { status, code, message }: Refusal): SandboxAnswer {
  if (isAccount) return { status, json: { error: code, error_description: message } };
  return { status, json: { errors: [{ status: String(status), title: 'Request refused', detail: message }] } };
}

async function token(service: Service, request: SandboxRequest): Promise<unknown> {
  if (request.path !== `${ACCOUNT}/api/auth/token`) throw new Refusal(404, 'Endpoint not found');
  demandMethod(request, 'POST');
  demandHeader(request, 'accept');
  demandHeader(request, 'content-type');
  return service.token(parseJson((await request.body()).toString('utf8')));
}

async function api(service: Service, request: SandboxRequest, tools: SandboxTools): Promise<unknown> {
  const [, , version, resource, id = '', ...more] = request.path.split('/');
  const isKnown = request.path.startsWith(`${API}/`) && version === 'v1' && more.length === 0 && id !== '';
  if (isKnown && resource === 'upload_apk' && id === 'external_user') {
    demandMethod(request, 'POST');
    service.checkToken(request.headers.authorization);
    const { content, file } = await readUpload(request, tools);
    return await service.upload(content, file);
  }
  if (!isKnown || resource !== 'apks_external') throw new Refusal(404, 'Endpoint not found');
  demandMethod(request, 'GET');
  service.checkToken(request.headers.authorization);
  demandHeader(request, 'content-type');
  return service.status(id);
}

async function readUpload(
  request: SandboxRequest,
  tools: SandboxTools,
): Promise<{ readonly content: unknown; readonly file: StoredObject }> {
  if (request.headers['content-type'] === 'application/json') return await readJsonUpload(request, tools);
  const form = await request.form();
  const [file, ...others] = form.files;
  if (file?.name !== 'file' || others.length > 0) throw new Refusal(400, 'One file is expected, in the part "file"');
  return { content: contentOfForm(form), file };
}

async function readJsonUpload(request: SandboxRequest, { store }: SandboxTools) {
  if (Number(request.headers['content-length'] ?? Number.NaN) > LARGEST_JSON_UPLOAD)
    throw new Refusal(413, 'The sandbox takes at most 64 MiB as JSON');
  const content = parseJson((await request.body(LARGEST_JSON_UPLOAD)).toString('utf8')) as { file?: unknown } | null;
  const text = typeof content?.file === 'string' ? content.file : '';
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text) throw new Refusal(400, 'file must be base64');
  const path = store.newPath();
  await writeFile(path, bytes);
  return { content, file: { path, sizeBytes: bytes.length } };
}

function demandMethod(request: SandboxRequest, method: string): void {
  if (request.method !== method) throw new Refusal(405, 'Method not allowed');
}

/** "Headers": application/json. */
function demandHeader({ headers }: SandboxRequest, name: 'accept' | 'content-type'): void {
  if (!/^application\/json\b/.test(headers[name] ?? ''))
    throw new Refusal(400, `Missing header ${name}: application/json`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'Invalid JSON');
  }
}

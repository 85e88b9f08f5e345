import type { ReceivedFile, ReceivedForm, SandboxTools, StoredObject } from '../../../contract/backend/sandbox.ts';
import type { BuildForm } from './form.ts';
import type { BuildChange } from './json.ts';
import { invalid, pageOf } from './page.ts';
import { createPublications } from './publications.ts';
import { Refusal } from './refusal.ts';

const TOKEN_LIFETIME_MS = 60_000;
const STATUSES = ['pending', 'in_progress', 'processed', 'error'];

const OS_OF: Readonly<Record<string, string>> = {
  apk: 'android',
  aab: 'android',
  ipa: 'ios',
  pkg: 'macos',
  dmg: 'macos',
};

interface Build extends BuildForm {
  readonly id: string;
  readonly os: string;
  readonly extension: string;
  readonly createdAtMs: number;
  readonly files: readonly (ReceivedFile & { readonly id: string; readonly addedAt: string })[];
}

export type Service = ReturnType<typeof createService>;

/** The builds of the app: each function gives the `data` of a 200, or throws `Refusal`. */
export function createService(tools: SandboxTools, application: string) {
  const { options, store, randomId } = tools;
  /** Newest last. */
  const builds = new Map<string, Build>();
  const tokens = new Map<string, { readonly object: StoredObject; readonly expiresAtMs: number }>();

  const statusOf = ({ createdAtMs }: Build): string => {
    const passedMs = Date.now() - createdAtMs;
    if (passedMs < options.processingMs / 2) return 'pending';
    if (passedMs < options.processingMs) return 'in_progress';
    return options.result === 'completed' ? 'processed' : 'error';
  };

  const describe = (build: Build): unknown => {
    const { id, fields, filter, deployer, os, extension, createdAtMs, files } = build;
    const status = statusOf(build);
    return {
      id,
      status,
      ...(status === 'error' ? { errorMessage: 'The sandbox was told to fail this build' } : {}),
      ...fields,
      tags: fields.tags?.split(',').map((tag) => tag.trim()) ?? [],
      filter,
      deployer,
      application,
      applicationInfo: { id: application, name: 'apptool sandbox', slug: 'apptool-sandbox' },
      size: build.build.sizeBytes,
      os,
      originalExtension: extension,
      files: files.map(describeFile),
      updatedAt: new Date().toISOString(),
      createdAt: new Date(createdAtMs).toISOString(),
    };
  };

  const find = (id: string): Build => {
    const build = builds.get(id);
    if (build === undefined) throw new Refusal(404, 3001, 'Entity not found');
    return build;
  };

  const mint = (object: StoredObject): unknown => {
    const token = `${randomId()}${randomId()}`;
    const expiresAtMs = Date.now() + TOKEN_LIFETIME_MS;
    tokens.set(token, { object, expiresAtMs });
    return { token, expiresAt: new Date(expiresAtMs).toISOString() };
  };

  return {
    publications: createPublications(tools),
    create: (form: BuildForm): unknown => {
      const extension = form.build.fileName.toLowerCase().split('.').pop() ?? '';
      const os = form.fields.buildPlatform?.toLowerCase() ?? OS_OF[extension] ?? 'windows';
      const build: Build = { ...form, id: randomId(), os, extension, createdAtMs: Date.now(), files: [] };
      builds.set(build.id, build);
      return describe(build);
    },
    details: (id: string): unknown => describe(find(id)),
    /** "Fields not included in the request body retain their current values." */
    edit: (id: string, change: BuildChange): unknown => {
      const build = find(id);
      const { tags, ...rest } = change;
      const texts = Object.entries({ ...rest, tags: tags?.join(',') }).flatMap(([name, text]) =>
        text === undefined ? [] : [[name, text] as const],
      );
      const edited = { ...build, fields: { ...build.fields, ...Object.fromEntries(texts) } };
      builds.set(id, edited);
      return describe(edited);
    },
    remove: (id: string): unknown => {
      find(id);
      builds.delete(id);
      return { deleted: true };
    },
    list: (query: URLSearchParams): unknown => {
      checkChoice(query, 'os', ['ios', 'android']);
      checkChoice(query, 'status', STATUSES);
      const wanted = [...builds.values()].reverse().filter((build) => {
        const is = { versionName: build.fields.versionName, status: statusOf(build), os: build.os };
        return Object.entries(is).every(([name, value]) => (query.get(name) ?? value) === value);
      });
      return pageOf(wanted.map(describe), query, ['versionName', 'status', 'os']);
    },
    /** "The build must have a status of processed before files can be attached." */
    attach: (id: string, { files }: ReceivedForm): unknown => {
      const build = find(id);
      if (statusOf(build) !== 'processed') throw new Refusal(400, 5014, 'Build Not Processed');
      if (files.length === 0) throw new Refusal(400, 5006, 'file: required');
      const added = files.map((file) => ({ ...file, id: randomId(), addedAt: new Date().toISOString() }));
      const attached = { ...build, files: [...build.files, ...added] };
      builds.set(id, attached);
      return describe(attached);
    },
    downloadToken: (id: string, type: string | null, fileId: string | null): unknown => {
      const build = find(id);
      if (type !== 'auto' && type !== 'file' && type !== 'aab') throw invalid('type');
      if (statusOf(build) !== 'processed') throw new Refusal(400, 5014, 'Build Not Processed');
      if (fileId !== null) return mint(fileOf(build, fileId));
      if ((type === 'aab') !== (build.extension === 'aab'))
        throw new Refusal(404, 3001, 'The sandbox gives builds back only as they came: ask for a bundle with type=aab');
      return mint(build.build);
    },
    /** The address behind a token, which works once. */
    redeem: (token: string): string => {
      const found = tokens.get(token);
      tokens.delete(token);
      if (found === undefined || found.expiresAtMs < Date.now())
        throw new Refusal(401, 4002, `Invalid Token: ${token}`);
      return store.getUrl(found.object, options.urlLifetimeMs);
    },
  };
}

function fileOf({ files }: Build, id: string): StoredObject {
  const file = files.find((one) => one.id === id);
  if (file === undefined) throw new Refusal(404, 3001, 'Entity not found');
  return file;
}

function describeFile({ id, fileName, contentType, sizeBytes, addedAt }: Build['files'][number]): unknown {
  const file = { originalName: fileName, mimetype: contentType, size: sizeBytes };
  return { id, type: 'attachment', file, createdAt: addedAt, updatedAt: addedAt };
}

function checkChoice(query: URLSearchParams, name: string, choices: readonly string[]): void {
  const given = query.get(name);
  if (given !== null && !choices.includes(given)) throw invalid(name);
}

import type { AdapterInput } from '../../contract/backend/definition.ts';
import type { ApiClient } from '../../contract/backend/http.ts';
import { AuthError, UsageError } from '../../contract/errors.ts';
import type { Secret } from '../../contract/secret.ts';
import type { Settings } from './settings.ts';
import { describeError, refusalIn } from './wire.ts';

/** The builds of one app, as one of the two APIs shows them. */
export interface Builds {
  readonly api: NonNullable<Settings['api']>;
  /** Below either host. */
  readonly path: string;
  readonly uploads: ApiClient;
  readonly reads: ApiClient;
  jobId(build: string): string;
}

/** What one list of the API host is: the publications of the app, or the apps of the workspace. */
export interface Listed {
  readonly api: ApiClient;
  readonly path: string;
}

/** Which API with which token. Nothing here makes a request. */
export interface Access {
  /** Where uploads go. Throws `UsageError` where the settings do not say which app, or which API. */
  chosen(): Builds;
  /** `<build>`, or `<org>/<app>/<build>` of the Workspace API, whatever the settings choose. Throws `AuthError` without its token. */
  ofJob(id: string): { readonly builds: Builds; readonly build: string };
  /** Where publications are; `application` is the app that the Workspace API has to be told. Throws `UsageError` without a store there. */
  publications(): Listed & { readonly application: string | null };
  /** The apps of the workspace. Throws `AuthError` without a Service Account token, `UsageError` without an organization. */
  apps(): Listed;
}

const APP_TOKEN = 'APPLIVERY_APP_TOKEN or APPLIVERY_APP_TOKEN_FILE';
const SERVICE_TOKEN = 'APPLIVERY_SERVICE_TOKEN or APPLIVERY_SERVICE_TOKEN_FILE';
const WHICH = {
  hint: 'an App API token is for one app; a Service Account token is for the workspace, and can download',
};

/** Throws `AuthError` where there is no token for what is chosen. */
export function createAccess({ settings, credentials, api: open }: AdapterInput<Settings>): Access {
  const { api, organizationId, applicationId, storeId } = settings;
  const { appToken, serviceToken } = credentials;
  if (appToken === undefined && serviceToken === undefined)
    throw new AuthError(
      `no Applivery token: set ${APP_TOKEN} (Integrations API), or ${SERVICE_TOKEN} (Workspace API)`,
      WHICH,
    );
  if (api === 'integrations') appTokenOf(appToken);
  if (api === 'workspace') serviceTokenOf(serviceToken);

  const client = (baseUrl: string, token: Secret): ApiClient =>
    open({
      baseUrl,
      headers: () => ({ authorization: `Bearer ${token.reveal()}` }),
      describeError,
      refusalIn,
    });
  const buildsAt = (token: Secret, rest: Pick<Builds, 'api' | 'path' | 'jobId'>): Builds => ({
    ...rest,
    uploads: client(settings.uploadUrl, token),
    reads: client(settings.apiUrl, token),
  });
  const integrations = (): Builds =>
    buildsAt(appTokenOf(appToken), {
      api: 'integrations',
      path: '/v1/integrations/builds',
      jobId: (build) => build,
    });
  const workspace = (organization: string, app: string): Builds =>
    buildsAt(serviceTokenOf(serviceToken), {
      api: 'workspace',
      path: `/v1/organizations/${organization}/apps/${app}/builds`,
      jobId: (build) => `${organization}/${app}/${build}`,
    });

  const chosen: Access['chosen'] = () => {
    const isWorkspace = (api ?? (serviceToken === undefined ? 'integrations' : 'workspace')) === 'workspace';
    if (!isWorkspace) return integrations();
    if (organizationId !== undefined && applicationId !== undefined) return workspace(organizationId, applicationId);
    if (api === undefined && appToken !== undefined)
      throw new UsageError('two Applivery tokens are set, and no setting says which of the two APIs to use', {
        hint: 'set applivery.api, or APPLIVERY_ORGANIZATION_ID and APPLIVERY_APPLICATION_ID for the Workspace API',
      });
    throw new UsageError('the Workspace API needs APPLIVERY_ORGANIZATION_ID and APPLIVERY_APPLICATION_ID');
  };
  return {
    chosen,
    ofJob: (id) => {
      const [organization, app, build] = id.split('/');
      if (organization === undefined || app === undefined || build === undefined)
        return { builds: chosen(), build: id };
      return { builds: workspace(organization, app), build };
    },
    publications: () => {
      const { api: kind, reads } = chosen();
      if (kind === 'integrations') return { api: reads, path: '/v1/integrations/distributions', application: null };
      if (storeId === undefined)
        throw new UsageError('no App Store is set, which publications of the Workspace API need', {
          hint: 'set applivery.storeId or APPLIVERY_STORE_ID, or use an App API token with applivery.api=integrations',
        });
      const path = `/v1/organizations/${organizationId}/stores/${storeId}/pubApps`;
      return { api: reads, path, application: applicationId ?? null };
    },
    apps: () => {
      const reads = client(settings.apiUrl, serviceTokenOf(serviceToken));
      if (organizationId === undefined)
        throw new UsageError('no Applivery organization is set', {
          hint: 'set APPLIVERY_ORGANIZATION_ID to its id or its slug',
        });
      return { api: reads, path: `/v1/organizations/${organizationId}/apps` };
    },
  };
}

function appTokenOf(token: Secret | undefined): Secret {
  if (token === undefined) throw new AuthError(`no Applivery App API token: set ${APP_TOKEN}`, WHICH);
  return token;
}

function serviceTokenOf(token: Secret | undefined): Secret {
  if (token === undefined) throw new AuthError(`no Applivery Service Account token: set ${SERVICE_TOKEN}`, WHICH);
  return token;
}

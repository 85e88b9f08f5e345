import { type KeyValueFormat, PREFIX, replacedKeyValues } from './key-value-report.ts';

/**
 * https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv: 5 KB, 20 variables where nobody has raised it, no empty lines,
 * no quotes. What GitLab would expand is left out: `$X`, `${X}` and `%X%` in a dotenv value are replaced when a job uses it
 * (https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/ci/parse_dotenv_artifact_service.rb, `raw: false`).
 */
export const DOTENV: KeyValueFormat = {
  head: PREFIX,
  intro: '',
  line: (key, value) => `${key}=${value}\n`,
  isFit: (value) => /^[\x20-\x7e]+$/.test(value) && !/%\w*%/.test(value),
  longestBytes: 5 * 1024 - 1,
  mostValues: 20,
};

export const GITLAB_DOTENV = replacedKeyValues('--gitlab-dotenv', 'gitlabDotenv', DOTENV);

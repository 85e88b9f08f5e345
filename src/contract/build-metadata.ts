/** What is known of the build that runs apptool: what is built, and where. `null` for what nobody said. */
export interface BuildMetadata {
  /** A CI runs this, be it one of the known providers or another. */
  readonly isCi: boolean;
  readonly provider: { readonly id: string; readonly name: string } | null;
  /** The commit that is built; for a pull request that may be the provider's merge commit. */
  readonly commit: string | null;
  readonly commitMessage: string | null;
  /** Without `refs/heads/` or `origin/`; of a pull request the source branch. */
  readonly branch: string | null;
  readonly tag: string | null;
  readonly pullRequest: string | null;
  readonly buildNumber: string | null;
  /** Page of this build. */
  readonly buildUrl: string | null;
  /** Page of the CI that this build belongs to. */
  readonly ciUrl: string | null;
  /** Without credentials and without `.git`. */
  readonly repositoryUrl: string | null;
  /** When the build was triggered, in milliseconds since 1970. */
  readonly triggeredAtMs: number | null;
}

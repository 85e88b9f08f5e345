/** The variables of a process, by name. Called `env` everywhere: `environment` is AppTego's word for a configuration. */
export type Env = Readonly<Record<string, string | undefined>>;

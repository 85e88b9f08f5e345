import type { SettingKey } from '../settings/settings.ts';

interface SettingText {
  readonly description: string;
  /** As a user would write it; `null` where there is no default. */
  readonly defaultText: string | null;
}

/** What help says of the settings, by key. */
export type SettingTexts = Readonly<Partial<Record<SettingKey, SettingText>>>;

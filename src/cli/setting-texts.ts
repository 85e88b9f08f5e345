import * as z from 'zod';
import { type SettingKey, Settings } from './settings.ts';

export interface SettingText {
  readonly description: string;
  /** As a user would write it; `null` where there is no default. */
  readonly defaultText: string | null;
}

/** The settings' descriptions and defaults, as their schema has them. */
export function settingTexts(): (key: SettingKey) => SettingText {
  const properties = z.toJSONSchema(Settings, { io: 'input' }).properties as Record<
    string,
    { description?: string; default?: unknown }
  >;
  return (key) => {
    const { description = '', default: value } = properties[key] ?? {};
    return { description, defaultText: value === undefined ? null : String(value) };
  };
}

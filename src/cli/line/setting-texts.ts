import type { SettingTexts } from './setting-text.ts';

/** The build puts the texts here, so that a help page does not have to load the schemas that they come from. */
declare const BUILT_SETTING_TEXTS: string | undefined;

/** The settings' descriptions and defaults, as their schema has them. */
export async function settingTexts(): Promise<SettingTexts> {
  if (typeof BUILT_SETTING_TEXTS !== 'undefined') return JSON.parse(BUILT_SETTING_TEXTS);
  return (await import('./setting-texts-from-schema.ts')).textsFromSchema();
}

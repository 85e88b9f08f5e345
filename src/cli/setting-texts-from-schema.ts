import * as z from 'zod';
import type { SettingTexts } from './setting-texts.ts';
import { Settings } from './settings.ts';

/** Reads the texts out of the settings' schema. */
export function textsFromSchema(): SettingTexts {
  const { properties } = z.toJSONSchema(Settings, { io: 'input' });
  const entries = Object.entries(properties as Record<string, { description?: string; default?: unknown }>);
  return Object.fromEntries(
    entries.map(([key, { description = '', default: value }]) => [
      key,
      { description, defaultText: value === undefined ? null : String(value) },
    ]),
  );
}

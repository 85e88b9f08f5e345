import * as z from 'zod';
import { Settings } from '../settings/settings.ts';
import type { SettingTexts } from './setting-text.ts';

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

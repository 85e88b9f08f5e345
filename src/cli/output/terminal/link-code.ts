import { platform } from 'node:process';
import type { Env } from '../../../contract/env.ts';
import type { RunEnd } from '../../../contract/record/listener.ts';
import { isLoopbackHost } from '../../../contract/text/host.ts';
import type { Room } from '../render/step-list.ts';
import { showsUnicode } from './glyphs.ts';
import { qrLines } from './qr-code.ts';

export interface LinkCodeInput {
  /** Whether people get builds from this backend. */
  readonly handsOut: (backend: string) => boolean;
  readonly env: Env;
  readonly hasColor: boolean;
  /** Text as it may be shown. */
  readonly safe: (text: string) => string;
}

/** The first link at which people get what was uploaded as a QR code, for the phone that is to have it; empty where there is none, or no room for one. */
export function linkCode({ document, link }: RunEnd, room: Room, input: LinkCodeInput): readonly string[] {
  const { handsOut, env, hasColor, safe } = input;
  const links = document.steps
    .filter(({ backend }) => handsOut(backend))
    .map(({ links: { page, install } }) => [install, page]);
  const [first] = [link, ...links.flat()].filter((one) => one != null && isForPhones(one) && safe(one) === one);
  if (first == null || !showsUnicode(env, platform)) return [];
  return qrLines(first, room, hasColor) ?? [];
}

/** What is on this machine is on no other. */
function isForPhones(address: string): boolean {
  if (!/^https?:/.test(address) || !URL.canParse(address)) return false;
  return !isLoopbackHost(new URL(address).hostname);
}

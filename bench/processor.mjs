// What the processor can do for SHA-256 and AES, and how to do without: an older one is imitated by hiding the instructions from OpenSSL, which
// Node.js has inside and curl and `openssl` are linked with (https://docs.openssl.org/master/man3/OPENSSL_ia32cap/).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { node } from './processes.mjs';

/** The first number is CPUID 1 (AES-NI is bit 57, PCLMULQDQ 33), the second CPUID 7 (SHA bit 29, VAES 41, VPCLMULQDQ 42). */
const HIDDEN = {
  sha: { OPENSSL_ia32cap: ':~0x20000000' },
  'sha,aes': { OPENSSL_ia32cap: '~0x200000200000000:~0x60020000000' },
};
const MIB = 1024 * 1024;
/** How much slower hashing has to become for the instructions to have been in use before. */
const SLOWER = 1.5;

/** The environment in which these instructions are not used; `none` for the processor as it is. */
export function processorWithout(instructions) {
  if (instructions === 'none') return {};
  const hidden = HIDDEN[instructions];
  if (hidden === undefined) throw new Error(`--without takes none, ${Object.keys(HIDDEN).join(' or ')}`);
  for (const [name, seconds] of Object.entries({ node: hashByNode, openssl: hashByOpenssl })) {
    const times = seconds(hidden) / seconds({});
    if (times < SLOWER) throw new Error(`without ${instructions}, ${name} hashes as fast as with them: ${times} x`);
    console.log(`SHA-256 without its instructions takes ${name} ${times.toFixed(1)} x as long`);
  }
  return hidden;
}

export function processorWords() {
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const [, name] = /^model name\s*: (.*)$/m.exec(info) ?? [];
  const flags = (/^flags\s*: (.*)$/m.exec(info)?.[1] ?? '').split(' ');
  const has = (flag) => (flags.includes(flag) ? 'yes' : 'no');
  return `${name ?? 'unknown'}: SHA instructions ${has('sha_ni')}, AES ${has('aes')}, wide AES ${has('vaes')}`;
}

function hashByNode(environment) {
  const program = `const bytes = Buffer.alloc(${256 * MIB}); const { createHash } = require('node:crypto');
    const before = process.cpuUsage(); createHash('sha256').update(bytes).digest(); console.log(process.cpuUsage(before).user / 1e6)`;
  return Number(spawnSync(node(), ['-e', program], { env: { ...process.env, ...environment } }).stdout);
}

function hashByOpenssl(environment) {
  const args = ['-c', `head -c ${256 * MIB} /dev/zero | /usr/bin/time -f %U openssl dgst -sha256`];
  return Number(spawnSync('sh', args, { env: { ...process.env, ...environment } }).stderr);
}

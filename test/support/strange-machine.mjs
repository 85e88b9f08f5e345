// Loaded before the program (node --import): a machine on which calls of the system fail, or clocks jump, as STRANGE_MACHINE says (JSON).
// Only the moment and the kind of the failure are made here; what the program then does is real.
import dns from 'node:dns';
import { openSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const failure = (code) => Object.assign(new Error(`${code}, made by a test`), { code });

/** Makes a call fail so many times; where it has a position (a read), only from one on and up to another. */
function fail(
  owner,
  { call, code, signal, times = Number.POSITIVE_INFINITY, from = 0, to = Number.POSITIVE_INFINITY },
  isMeant = () => true,
) {
  const real = owner[call];
  let left = times;
  owner[call] = async (...values) => {
    const [, , , position = 0] = values;
    if (left === 0 || position < from || position >= to || !isMeant(values)) return await real.apply(owner, values);
    left -= 1;
    if (signal !== undefined) {
      process.kill(process.pid, signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return await real.apply(owner, values);
    }
    // What fails to close is closed all the same.
    if (call === 'close') await real.apply(owner, values);
    throw failure(code);
  };
}

/** Lets calls of files, and what DNS says of hosts that are `.example`, go wrong in this process. Returns what ends it. */
export function makeStrange({ calls = [], lookup }) {
  const { open, rename, link } = fs;
  const { lookup: realLookup } = dns;
  const isOfTarget = (one) => one.call === 'rename' || one.call === 'link';
  for (const one of calls.filter(isOfTarget)) fail(fs, one, ([, to]) => String(to).endsWith(one.file));
  const ofFiles = calls.filter((one) => !isOfTarget(one));
  if (ofFiles.length > 0) {
    fs.open = async (path, ...rest) => {
      const handle = await open(path, ...rest);
      for (const one of ofFiles.filter(({ file }) => String(path).endsWith(file))) fail(handle, one);
      return handle;
    };
  }
  if (lookup !== undefined) {
    dns.lookup = (host, options, callback) => {
      if (!host.endsWith('.example')) realLookup(host, options, callback);
      else if (typeof lookup === 'string') setImmediate(callback, failure(lookup));
      else
        setImmediate(
          callback,
          null,
          lookup.map((address) => ({ address, family: 4 })),
        );
    };
  }
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, { open, rename, link });
    dns.lookup = realLookup;
    syncBuiltinESMExports();
  };
}

/** What only a process of its own can be. */
function makeProcessStrange({ isOutOfFiles, hasNoNumbers, dateJumpMs, stray }) {
  if (hasNoNumbers) {
    const { statfs } = fs;
    fs.statfs = async (...values) => Object.assign(await statfs(...values), { blocks: 0, bfree: 0, bavail: 0 });
  }

  if (isOutOfFiles) {
    const { connect } = Socket.prototype;
    Socket.prototype.connect = function (...values) {
      try {
        for (;;) openSync('/dev/null');
      } catch {
        // None is left, as it was meant.
      }
      return connect.apply(this, values);
    };
  }

  if (dateJumpMs !== undefined) {
    const RealDate = Date;
    let count = 0;
    const jumped = () => RealDate.now() + (count++ % 2 === 0 ? dateJumpMs : -dateJumpMs);
    globalThis.Date = class extends RealDate {
      constructor(...values) {
        super(...(values.length === 0 ? [jumped()] : values));
      }
      static now() {
        return jumped();
      }
    };
  }

  if (stray !== undefined) {
    process.on('SIGUSR2', () => {
      if (stray === 'rejection') void Promise.reject(new Error('stray'));
      else throw new Error('stray');
    });
  }
  syncBuiltinESMExports();
}

if (process.env.STRANGE_MACHINE !== undefined) {
  const strangeness = JSON.parse(process.env.STRANGE_MACHINE);
  makeStrange(strangeness);
  makeProcessStrange(strangeness);
}

/** Says that tests of a program of others are left out, and why; gives what stands for that program then. */
export function leftOut(what: string, why: string): null {
  process.stderr.write(`${what} is left out: ${why}\n`);
  return null;
}

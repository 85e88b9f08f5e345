/** A text as one word of a POSIX shell (XCU 2.2.2), whatever is in it; plain where nothing in it means anything to a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A file or a job as a word, which no command takes for a flag. */
export function shellOperand(text: string): string {
  return shellWord(text.startsWith('-') ? `./${text}` : text);
}

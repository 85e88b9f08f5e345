/** A word that is certainly not a secret may be shown again. */
const HARMLESS_WORD = /^[a-z-]{1,24}$/;
const FILE_NAME = /^[\w./ -]{1,80}\.(?:apk|aab|ipa|apks|zip|json|ya?ml)$/i;
const SHORT_NUMBER = /^\d{1,4}$/;

/** Whether a word may be named as a command or a key. */
export function isHarmless(word: string): boolean {
  return HARMLESS_WORD.test(word);
}

/** An operand as a message may name it: a harmless word, a file of ours or a short number; `null` for all else, which may be a secret. */
export function shownOperand(operand: string): string | null {
  const isShown = isHarmless(operand) || SHORT_NUMBER.test(operand) || FILE_NAME.test(operand);
  return isShown ? operand : null;
}

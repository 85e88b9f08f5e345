/** A value that must not be printed: every way of turning it into text gives `[secret]`. Only `reveal` gives the value. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

const MASK = '[secret]';

export function secret(value: string): Secret {
  return {
    reveal: () => value,
    toString: () => MASK,
    toJSON: () => MASK,
    [Symbol.for('nodejs.util.inspect.custom')]: () => MASK,
  } as Secret;
}

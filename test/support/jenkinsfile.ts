/** A statement of a Jenkinsfile: its text up to its end or its block, each string in it as `''`, and the strings in their order. */
export interface Statement {
  readonly text: string;
  readonly strings: readonly string[];
  readonly block: readonly Statement[] | null;
}

const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/.*|'''[\s\S]*?'''|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[{}()[\]\n;]|[^{}()[\]\n;'"/]+|[\s\S]/g;

/** Reads the little of Groovy that a declarative Jenkinsfile is made of. Throws where brackets do not match. */
export function parseJenkinsfile(source: string): readonly Statement[] {
  const tokens = (source.match(TOKENS) ?? []).filter((token) => !/^\/[/*]/.test(token));
  const statements = readStatements(tokens);
  if (tokens.length > 0) throw new Error('a } too many');
  return statements;
}

/** Takes statements off the front, up to the bracket that ends their block. */
function readStatements(tokens: string[]): Statement[] {
  const found: Statement[] = [];
  for (;;) {
    const statement = readStatement(tokens);
    const end = tokens.shift();
    const block = end === '{' ? readStatements(tokens) : null;
    if (end === '{' && tokens.shift() !== '}') throw new Error(`no } after ${statement.text}`);
    if (statement.text !== '') found.push({ ...statement, block });
    if (end === undefined) return found;
    if (end === '}') {
      tokens.unshift(end);
      return found;
    }
  }
}

/** Takes tokens off the front, up to what ends a statement outside of brackets. */
function readStatement(tokens: string[]): Omit<Statement, 'block'> {
  const strings: string[] = [];
  let [text, depth] = ['', 0];
  while (tokens[0] !== undefined && (depth > 0 || !/^[{}\n;]$/.test(tokens[0]))) {
    const token = tokens.shift() ?? '';
    if (/^[([]$/.test(token)) depth += 1;
    if (/^[)\]]$/.test(token)) depth -= 1;
    const string = /^('''|'|")([\s\S]*)\1$/.exec(token)?.[2];
    // Groovy joins lines at a backslash before the shell sees them.
    if (string !== undefined) strings.push(string.replaceAll('\\\n', ''));
    text += string === undefined ? token : "''";
  }
  if (depth !== 0) throw new Error(`a bracket is not closed, or one too many, in ${text}`);
  return { text: text.trim(), strings };
}

export function blockOf(statements: readonly Statement[], text: string): readonly Statement[] {
  return statements.find((statement) => statement.text === text)?.block ?? [];
}

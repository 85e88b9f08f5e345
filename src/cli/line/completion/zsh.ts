import type { Offer, OfferedCommand, OfferedFlag, Offers, Word } from './offers.ts';

/** To be read by `source`, or kept as `_apptool` in a folder of `$fpath`. */
export function zshCompletion({ commands, flags }: Offers): string {
  const withValue = flags.filter(({ value }) => value !== null);
  return `#compdef apptool npx
# Completion of apptool in zsh. It holds all that it offers: pressing a key runs nothing but this.

${flags.map(valueFunction).join('')}
${commands.flatMap(operandFunctions).join('')}
# What may follow a command: other commands, flags, operands. Fails where there is no such command.
_apptool_command() {
  specs=() commands=()
  case $1 in
${commands.map(commandCase).join('\n')}
    (*) return 1 ;;
  esac
}

_apptool_flags() {
  local name
  for name in $@; do
    case $name in
${flags.map(flagCase).join('\n')}
    esac
  done
}

_apptool() {
  local command= word
  local -a specs commands kept
  integer at=1 i
  if [[ $service == npx ]]; then
    for (( at = 2; at < CURRENT; at++ )); do
      [[ $words[at] == -* ]] || break
    done
    if (( at >= CURRENT )) || [[ $words[at] != apptool(@*|) ]]; then
      _default
      return
    fi
  fi
  # The words without those of the command: what is left is flags and operands.
  kept=(apptool)
  _apptool_command ''
  for (( i = at + 1; i < CURRENT; i++ )); do
    word=$words[i]
    if [[ $word == (${withValue.flatMap(namesOf).join('|')}) ]] && (( i + 1 < CURRENT )); then
      kept+=($word "$words[i+1]")
      (( i++ ))
    elif [[ $word == -?* && $word != -- ]]; then
      kept+=($word)
    elif (( $#commands )); then
      command+=\${command:+ }$word
      _apptool_command $command || return 1
    else
      break
    fi
  done
  kept+=("\${(@)words[i,-1]}")
  CURRENT=$(( CURRENT - $#words + $#kept ))
  words=("\${(@)kept}")
  _arguments -s -S : $specs
}

if [[ $funcstack[1] == _apptool ]]; then
  _apptool "$@"
else
  compdef _apptool apptool
  # npx without a completion of its own.
  (( $+_comps[npx] )) || compdef _apptool npx
fi
`;
}

function namesOf({ name, short }: OfferedFlag): string[] {
  return [...(short === null ? [] : [`-${short}`]), `--${name}`];
}

function commandCase({ path, commands, flags, operands }: OfferedCommand): string {
  const specs = operands.map(
    ({ name, offer }, index) => `'${index + 1}:${name}:${action(offer, operandName(path, name))}'`,
  );
  const lines = [`_apptool_flags ${flags.join(' ')}`];
  if (commands.length > 0) {
    lines.push(`commands=(${commands.map(({ word }) => word).join(' ')})`);
    specs.push(`'1:command:${operandName(path, 'command')}'`);
  }
  if (specs.length > 0) lines.push(`specs+=(${specs.join(' ')})`);
  return `    ('${path}')\n${lines.map((line) => `      ${line}\n`).join('')}      ;;`;
}

function operandFunctions({ path, commands, operands }: OfferedCommand): string[] {
  const own = operands.map(({ name, offer }) => functionFor(operandName(path, name), name, offer));
  return commands.length === 0
    ? own
    : [functionFor(operandName(path, 'command'), 'command', { type: 'words', words: commands }), ...own];
}

function operandName(path: string, name: string): string {
  return ['_apptool_of', ...path.split(/[ -]/).filter((word) => word !== ''), name].join('_');
}

function flagCase(flag: OfferedFlag): string {
  const { about, isList, value } = flag;
  const names = namesOf(flag);
  const others = isList ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  const given = value === null ? '' : `:${flag.name}:${action(value, valueName(flag))}`;
  const specs = names.map((name) => {
    const end = value === null ? '' : name.startsWith('--') ? '=' : '+';
    return quoted(`${others}${name}${end}[${escaped(about)}]${given}`);
  });
  return `      (${flag.name}) specs+=(${specs.join(' ')}) ;;`;
}

function valueFunction(flag: OfferedFlag): string {
  return flag.value === null ? '' : functionFor(valueName(flag), flag.name, flag.value);
}

function valueName({ name }: OfferedFlag): string {
  return `_apptool_value_${name.replaceAll('-', '_')}`;
}

/** What to call for an offer; a blank is for what only the user knows. */
function action(offer: Offer, name: string): string {
  return offer.type === 'nothing' ? ' ' : name;
}

function functionFor(name: string, tag: string, offer: Offer): string {
  const body = bodyFor(tag, offer);
  return body === '' ? '' : `${name}() {\n${body}}\n`;
}

function bodyFor(tag: string, offer: Offer): string {
  switch (offer.type) {
    case 'nothing':
      return '';
    case 'files':
      return offer.patterns.length === 0 ? '  _files\n' : `  _files -g '(${offer.patterns.join('|')})(D)'\n`;
    case 'list':
      return `  _values -s , '${tag}' \\\n${lines(
        offer.words.map(({ word, about }) => `${word}[${escaped(about)}]`),
        ' \\',
      )}`;
    default:
      return `  local -a offered=(\n${lines(offer.words.map(described), '')}  )\n  _describe '${tag}' offered${offer.type === 'open' ? " -S ''" : ''}\n`;
  }
}

function lines(items: readonly string[], end: string): string {
  return items.map((item, index) => `    ${quoted(item)}${index < items.length - 1 ? end : ''}\n`).join('');
}

function described({ word, about }: Word): string {
  return about === '' ? word.replaceAll(':', '\\:') : `${word.replaceAll(':', '\\:')}:${about}`;
}

function escaped(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

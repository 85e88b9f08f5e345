import type { Offer, OfferedCommand, OfferedFlag, Offers } from './offers.ts';

/** Works with the bash 3.2 of macOS too, which alone does not quote the blanks in a file's name. */
export function bashCompletion({ commands, flags }: Offers): string {
  return `# Completion of apptool in bash. It holds all that it offers: pressing a key runs nothing but this.

# What may follow a command: other commands, flags, operands. Fails where there is no such command.
_apptool_command() {
  commands= flags= operands=()
  case $1 in
${commands.map(commandCase).join('\n')}
    *) return 1 ;;
  esac
}

# The long name of a flag, and what its value can be. Fails for a flag without a value.
_apptool_flag() {
  long=$1 value=
  case $1 in
${flags.map(flagCase).join('\n')}
  esac
  [[ -n $value ]]
}

# The words that were typed, up to the cursor, of which bash makes several at each of COMP_WORDBREAKS.
_apptool_words() {
  local line=\${COMP_LINE:0:COMP_POINT} i piece
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=\${COMP_WORDS[i]}
    if [[ $i == 0 || $line == [[:space:]]* ]]; then
      line=\${line#"\${line%%[![:space:]]*}"}
      words+=('')
    fi
    if [[ $i == "$COMP_CWORD" ]]; then piece=$line; fi
    lead=\${words[\${#words[@]} - 1]}
    words[\${#words[@]} - 1]=$lead$piece
    line=\${line#"$piece"}
  done
  # A break by itself is not replaced.
  if [[ $piece == [=:]* ]]; then lead+=$piece; fi
}

# Puts into COMPREPLY what begins with $cur: readline replaces what is behind $lead.
_apptool_offer() {
  local kind=$1 before= word
  shift
  case $kind in
    list) before=\${cur%"\${cur##*,}"} ;;
    open) compopt -o nospace 2>/dev/null ;;
    files)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do
        if [[ -d \${word/#\\~\\//$HOME/} ]] || _apptool_matches "\${word##*/}" "$@"; then
          word=$glued$word
          COMPREPLY+=("\${word#"$lead"}")
        fi
      done < <(compgen -f -- "$cur")
      return
      ;;
  esac
  for word in "$@"; do
    if [[ ",$before" == *",$word,"* || $before$word != "$cur"* ]]; then continue; fi
    word=$glued$before$word
    COMPREPLY+=("\${word#"$lead"}")
  done
}

_apptool_matches() {
  local name=$1 pattern
  shift
  if [[ $# == 0 ]]; then return 0; fi
  for pattern in "$@"; do
    if [[ $name == $pattern ]]; then return 0; fi
  done
  return 1
}

_apptool() {
  local IFS=$' \\t\\n' words lead cur glued= command= commands flags operands long value awaited= used=' ' count=0 at=0 only= i word
  COMPREPLY=()
  _apptool_words
  local last=$((\${#words[@]} - 1))
  cur=\${words[last]}
  if [[ \${words[0]##*/} == npx ]]; then
    for ((at = 1; at < last; at++)); do
      if [[ \${words[at]} != -* ]]; then break; fi
    done
    if [[ $at -ge $last || ! \${words[at]} =~ ^apptool(@.*)?$ ]]; then return; fi
  fi
  _apptool_command ''
  for ((i = at + 1; i < last; i++)); do
    word=\${words[i]}
    if [[ -n $awaited ]]; then
      awaited=
    elif [[ -z $only && $word == -- ]]; then
      only=1
    elif [[ -z $only && $word == -* ]]; then
      if _apptool_flag "\${word%%=*}" && [[ $word != *=* ]]; then awaited=$word; fi
      used+="$long "
    elif [[ -n $commands ]]; then
      command+=\${command:+ }$word
      _apptool_command "$command" || return
    else
      count=$((count + 1))
    fi
  done
  if [[ -z $awaited && -z $only && $cur == --*=* ]]; then
    awaited=\${cur%%=*} glued=\${cur%%=*}= cur=\${cur#*=}
  fi
  value=
  if [[ -n $awaited ]]; then
    _apptool_flag "$awaited"
  elif [[ -z $only && $cur == -* ]]; then
    value=words
    for word in $flags; do
      if [[ $used != *" $word "* ]]; then value+=" $word"; fi
    done
  elif [[ -n $commands ]]; then
    value="words $commands"
  else
    value=\${operands[count]-}
  fi
  read -ra words <<< "$value"
  _apptool_offer "\${words[@]-nothing}"
}

complete -F _apptool apptool
# npx without a completion of its own: its other commands are left to bash.
if ! complete -p npx &>/dev/null; then complete -o default -F _apptool npx; fi
`;
}

function commandCase({ path, commands, flags, operands }: OfferedCommand): string {
  const lines = [`flags='${flags.map((name) => `--${name}`).join(' ')}'`];
  if (commands.length > 0) lines.push(`commands='${commands.map(({ word }) => word).join(' ')}'`);
  if (operands.length > 0) lines.push(`operands=(${operands.map(({ offer }) => `'${written(offer)}'`).join(' ')})`);
  return `    '${path}')\n${lines.map((line) => `      ${line}\n`).join('')}      ;;`;
}

function flagCase({ name, short, value, isList }: OfferedFlag): string {
  const names = [...(short === null ? [] : [`-${short}`]), `--${name}`].join(' | ');
  // What may be given again is never known by its name.
  const long = isList ? '' : `--${name}`;
  return `    ${names}) long=${long}${value === null ? '' : ` value='${written(value)}'`} ;;`;
}

/** Its kind, then what there is to choose from. */
function written(offer: Offer): string {
  switch (offer.type) {
    case 'files':
      return ['files', ...offer.patterns].join(' ');
    case 'nothing':
      return 'nothing';
    default:
      return [offer.type, ...offer.words.map(({ word }) => word)].join(' ');
  }
}

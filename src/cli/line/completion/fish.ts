import type { Offer, OfferedCommand, OfferedFlag, Offers } from './offers.ts';

/** To be read by `source`, or kept in fish's folder of completions. */
export function fishCompletion({ commands, flags }: Offers): string {
  const withValue = flags.filter(({ value }) => value !== null);
  return `# Completion of apptool in fish. It holds all that it offers: pressing a key runs nothing but this.

# The command that was typed, and behind it how many operands it has by now.
function __apptool_typed
    set -l known ${commands.map(({ path }) => quoted(path)).join(' ')}
    set -l command
    set -l count 0
    set -l is_value 0
    for token in (commandline -opc)[2..]
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $token
            case ${withValue.flatMap(namesOf).join(' ')}
                set is_value 1
            case '-*'
            case '*'
                set -l next (string trim -- "$command $token")
                if contains -- $next $known
                    set command $next
                else
                    set count (math $count + 1)
                end
        end
    end
    printf '%s\\n' "$command" $count
end

# Whether the operand of this number is next, of this command.
function __apptool_at
    set -l typed (__apptool_typed)
    test "$typed[1]" = "$argv[1]" -a "$typed[2]" = "$argv[2]"
end

# Whether one of these is the command that was typed.
function __apptool_is
    contains -- (__apptool_typed)[1] $argv
end

# Whether a flag was not given yet, by all its names, in the words up to this one: the last may wait for its value.
function __apptool_unused
    set -l tokens (commandline -opc)
    for name in $argv[2..]
        contains -- $name $tokens[2..$argv[1]]; and return 1
        string match -q -- "$name=*" $tokens; and return 1
    end
    return 0
end

# Several of these words with commas between: each word, and what it is.
function __apptool_list
    set -l before (commandline -ct | string replace -r -- '^--[^=]*=' '' | string match -r -- '^.*,')
    while set -q argv[1]
        contains -- $argv[1] (string split , -- "$before"); or printf '%s\\t%s\\n' "$before$argv[1]" $argv[2]
        set -e argv[1..2]
    end
end

# Folders, and files whose names match one of these patterns.
function __apptool_files
    set -l token (commandline -ct | string replace -r -- '^--[^=]*=' '')
    for path in (complete -C "'' $token")
        set -l name (string split / -- $path)[-1]
        for pattern in '' $argv
            if string match -q -- $pattern $name
                echo $path
                break
            end
        end
    end
end

# The command line without npx, where it is for apptool.
function __apptool_after_npx
    set -l tokens (commandline -opc)[2..]
    while string match -q -- '-*' $tokens[1]
        set -e tokens[1]
    end
    string match -q -r -- '^apptool(@.*)?$' $tokens[1]; or return 1
    set -l words apptool $tokens[2..]
    string join -- ' ' (string escape -- $words) (commandline -ct | string collect -a)
end

${flags.map(wordsFunction).join('')}

complete -c apptool -e
complete -c apptool -f
${[...commands.flatMap(commandLines), ...flags.map((flag) => flagLine(flag, commands))].join('\n')}
complete -c npx -n '__apptool_after_npx >/dev/null' -x -a '(complete --do-complete=(__apptool_after_npx))'
`;
}

function commandLines({ path, commands, operands }: OfferedCommand): string[] {
  const at = (index: number) => `complete -c apptool -n ${quoted(`__apptool_at ${quoted(path)} ${index}`)}`;
  return [
    ...commands.map(({ word, about }) => `${at(0)} -a ${word} -d ${quoted(about)}`),
    ...operands.flatMap(({ offer }, index) => (offer.type === 'nothing' ? [] : [`${at(index)} ${offered(offer)}`])),
  ];
}

function flagLine(flag: OfferedFlag, commands: readonly OfferedCommand[]): string {
  const takers = commands.filter(({ flags }) => flags.includes(flag.name)).map(({ path }) => path);
  const conditions = [
    ...(takers.length === commands.length ? [] : [`__apptool_is ${takers.map(quoted).join(' ')}`]),
    ...(flag.isList ? [] : [`__apptool_unused ${flag.value === null ? -1 : -2} ${namesOf(flag).join(' ')}`]),
  ];
  return [
    'complete -c apptool',
    ...(conditions.length === 0 ? [] : [`-n ${quoted(conditions.join('; and '))}`]),
    ...(flag.short === null ? [] : [`-s ${flag.short}`]),
    `-l ${flag.name}`,
    ...(flag.value === null ? [] : [`-x ${hasWords(flag) ? `-a '(${wordsName(flag)})'` : offered(flag.value)}`.trim()]),
    `-d ${quoted(flag.about)}`,
  ].join(' ');
}

/** Many words with what they are would make a line that is longer than any line may be. */
function hasWords({ value }: OfferedFlag): boolean {
  return value?.type === 'open';
}

function wordsName({ name }: OfferedFlag): string {
  return `__apptool_words_${name.replaceAll('-', '_')}`;
}

function wordsFunction(flag: OfferedFlag): string {
  if (flag.value?.type !== 'open') return '';
  const lines = flag.value.words.map(({ word, about }) => `    printf '%s\\t%s\\n' ${word} ${quoted(about)}\n`);
  return `function ${wordsName(flag)}\n${lines.join('')}end\n`;
}

function offered(offer: Offer): string {
  switch (offer.type) {
    case 'nothing':
      return '';
    case 'files':
      return `-a ${quoted(`(__apptool_files ${(offer.patterns.length === 0 ? ['*'] : offer.patterns).map(quoted).join(' ')})`)}`;
    case 'list':
      return `-a ${quoted(`(__apptool_list ${offer.words.map(({ word, about }) => `${word} ${quoted(about)}`).join(' ')})`)}`;
    default:
      return `-a ${quoted(offer.words.map(({ word, about }) => `${word}\\t${quoted(about)}`).join(' '))}`;
  }
}

function namesOf({ name, short }: OfferedFlag): string[] {
  return [...(short === null ? [] : [`-${short}`]), `--${name}`];
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

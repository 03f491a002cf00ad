import { ConfigError } from '../core/errors.ts';
import { choice } from '../schema/value-type.ts';
import type { Command } from './command.ts';
import { type Commands, DEFAULT_COMMAND, optionsOf, PROGRAM, unknown } from './command-line.ts';
import { OptionReader } from './option-reader.ts';

/** The scripts by shell, made of all commands. */
const SHELLS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash,
  zsh,
  fish,
};

/** Makes the command that prints completion scripts for shells. */
export function completionOf(commands: Commands): Command {
  const shells = Object.keys(SHELLS);
  return {
    name: 'completion',
    about: `Print the script that completes command lines in ${choice(shells).expected}.`,
    options: {},
    operands: 'SHELL',
    operandChoices: [shells],
    examples: shells.map((shell) => `completion ${shell}`),
    async execute(args, { stdout }) {
      const options = new OptionReader(args);
      const [shell = ''] = options.operands(['SHELL']);
      options.check();
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (!script) throw new ConfigError([unknown(shell, 'a shell', shells)]);
      stdout.write(script(await Promise.all(Object.values(commands).map((load) => load()))));
      return 0;
    },
  };
}

/** The options of any command that take a value; none is a flag of another command. */
function valueOptions(commands: readonly Command[]): readonly string[] {
  const names = commands.flatMap((command) =>
    Object.entries(optionsOf(command)).flatMap(([name, { value }]) =>
      value === undefined ? [] : [`--${name}`],
    ),
  );
  return [...new Set(names)];
}

function optionNames(command: Command): readonly string[] {
  return Object.keys(optionsOf(command)).map((name) => `--${name}`);
}

/** Bash: where nothing is offered, readline completes files. */
function bash(commands: readonly Command[]): string {
  const cases = commands.flatMap((command) => [
    ...Object.entries(optionsOf(command)).flatMap(([name, { choices }]) =>
      choices ? `    ${command.name}:--${name}) words='${choices.join(' ')}' ;;` : [],
    ),
    ...(command.operandChoices ?? []).map(
      (choices, i) => `    ${command.name}:${i}) words='${choices.join(' ')}' ;;`,
    ),
    `    ${command.name}:options) words='${optionNames(command).join(' ')}' ;;`,
  ]);
  const names = commands.map(({ name }) => name);
  return `# Completion for ${PROGRAM}. In ~/.bashrc: eval "$(${PROGRAM} completion bash)"
_enms_simulator() {
  local current=\${COMP_WORDS[COMP_CWORD]} last=\${COMP_WORDS[COMP_CWORD-1]}
  local command=\${COMP_WORDS[1]} with_value=' ${valueOptions(commands).join(' ')} '
  local at words='' position=0
  # A shell splits --option=value into three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $last == '=' ]]; then
    last=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((at = 2; at < COMP_CWORD; at++)); do
    if [[ $with_value == *" \${COMP_WORDS[at]} "* ]]; then
      ((at++))
      if [[ \${COMP_WORDS[at]} == '=' ]]; then ((at++)); fi
    elif [[ \${COMP_WORDS[at]} != -* ]]; then
      ((position++))
    fi
  done
  if [[ $COMP_CWORD == 1 && $current != -* ]]; then
    COMPREPLY=($(compgen -W '${names.join(' ')} help' -- "$current"))
    return
  fi
  if [[ $command == help ]]; then
    COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$current"))
    return
  fi
  if [[ $command == -* ]]; then command=${DEFAULT_COMMAND}; fi
  if [[ $with_value == *" $last "* ]]; then
    position=$last
  elif [[ $current == -* ]]; then
    position=options
  fi
  case $command:$position in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _enms_simulator ${PROGRAM}
`;
}

/** Text between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Zsh: `_arguments` knows options, their values and operands by position. */
function zsh(commands: readonly Command[]): string {
  const escaped = (text: string) => text.replaceAll(/[\\[\]:]/g, '\\$&');
  const action = (choices: readonly string[] | undefined, value: string) => {
    if (choices) return `(${choices.join(' ')})`;
    return value === 'FOLDER' ? '_files -/' : '_files';
  };
  const cases = commands.map((command) => {
    const options = Object.entries(optionsOf(command)).map(([name, { value, about, choices }]) =>
      value === undefined
        ? `--${name}[${escaped(about)}]`
        : `--${name}=[${escaped(about)}]:${value}:${action(choices, value)}`,
    );
    const names = command.operands?.split(' ') ?? [];
    const operands = names.map(
      (name, i) => `${i + 1}:${escaped(name)}:${action(command.operandChoices?.[i], name)}`,
    );
    const lines = [...options, ...operands].map((each) => `      ${quoted(each)}`);
    return `    ${command.name}) _arguments \\\n${lines.join(' \\\n')} ;;`;
  });
  const described = commands.map(({ name, about }) => `    ${quoted(`${name}:${escaped(about)}`)}`);
  return `#compdef ${PROGRAM}
# Completion for ${PROGRAM}. In ~/.zshrc, after compinit: eval "$(${PROGRAM} completion zsh)"
_${PROGRAM}() {
  local -a commands
  local command=${DEFAULT_COMMAND}
  commands=(
${described.join('\n')}
    'help:Show the help of a command.'
  )
  if [[ $words[2] != -* ]]; then
    if (( CURRENT == 2 )); then
      _describe command commands
      return
    fi
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
    help) _describe command commands ;;
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _${PROGRAM} ]]; then
  _${PROGRAM} "$@"
else
  compdef _${PROGRAM} ${PROGRAM}
fi
`;
}

/** Fish: one line for each command, option and list of operands. */
function fish(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const line = (condition: string, rest: string) =>
    `complete -c ${PROGRAM} -n ${quoted(condition)} ${rest}`;
  const lines = commands.flatMap((command) => {
    const { name, about, operands, operandChoices = [] } = command;
    const given = `__fish_seen_subcommand_from ${name}`;
    const isMeant = name === DEFAULT_COMMAND ? `__fish_use_subcommand; or ${given}` : given;
    return [
      line('__fish_use_subcommand', `-a ${name} -d ${quoted(about)}`),
      ...Object.entries(optionsOf(command)).map(([option, { value, about, choices }]) => {
        const folders = value === 'FOLDER' ? ['(__fish_complete_directories)'] : undefined;
        const offered = choices ?? folders;
        const required = value === undefined ? '' : ' -r';
        const values = offered ? ` -f -a ${quoted(offered.join(' '))}` : required && ' -F';
        return line(isMeant, `-l ${option}${required}${values} -d ${quoted(about)}`);
      }),
      ...operandChoices.map((choices, i) =>
        line(
          `${given}; and test (__enms_simulator_operands) = ${i}`,
          `-a ${quoted(choices.join(' '))}`,
        ),
      ),
      ...(operands && operandChoices.length === 0 ? [line(given, '-F')] : []),
    ];
  });
  return `# Completion for ${PROGRAM}. In ~/.config/fish/config.fish:
# ${PROGRAM} completion fish | source
function __enms_simulator_operands
  set -l count 0
  set -l is_value 0
  for word in (commandline -opc)[3..-1]
    if test $is_value = 1
      set is_value 0
    else if contains -- $word ${valueOptions(commands).join(' ')}
      set is_value 1
    else if not string match -q -- '-*' $word
      set count (math $count + 1)
    end
  end
  echo $count
end
complete -c ${PROGRAM} -f
${lines.join('\n')}
${line('__fish_use_subcommand', `-a help -d 'Show the help of a command.'`)}
${line('__fish_seen_subcommand_from help', `-a ${quoted(names.join(' '))}`)}
`;
}

import type { Command } from '../../src/cli/command.ts';
import { help, PROGRAM } from '../../src/cli/command-line.ts';
import { heading, table } from './markdown.ts';

/** The page of all commands: what `--help` prints for each. */
export function commandLinePage(commands: readonly Command[]): string {
  const list = table(
    ['command', ''],
    commands.map(({ name, about }) => [`[\`${name}\`](#${name})`, about]),
  );
  const parts = commands.map(
    (command) => `## ${command.name}\n\n\`\`\`text\n${help(command).trimEnd()}\n\`\`\`\n`,
  );
  return [
    heading('Command line', '`src/cli`'),
    `Run \`npx ${PROGRAM} COMMAND\`, or \`${PROGRAM} COMMAND\` after \`npm install --global ${PROGRAM}\`.`,
    'Without a command, it runs the factory. In a clone, `npm start -- OPTIONS` does the same, and',
    '`node dist/main.js COMMAND` runs any command. The commands read the variables of the',
    '[configuration](configuration.md).\n',
    'Exit codes: 0, it worked; 1, it failed, or the comparison or validation found a difference;',
    '2, the command line or the configuration is wrong: each mistake is on a line of its own.\n',
    list,
    ...parts,
  ].join('\n');
}

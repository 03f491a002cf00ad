import type { Variable } from '../schema/variable.ts';
import { SECTIONS } from './variables.ts';

/** The file `.env.example`: every variable with its default, commented out. */
export function envExample(): string {
  const sections = SECTIONS.map(([title, variables]) => {
    const entries = Object.entries(variables).map(([name, variable]) => {
      const lines = [...sentences(variable), `Accepted: ${variable.kind.expected}.`];
      return `${lines.map((line) => `# ${line}\n`).join('')}#${name}=${variable.default ?? ''}\n`;
    });
    return `# ${title}\n\n${entries.join('\n')}`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `\
# Copy this file to .env, then uncomment and edit the settings that you want to change.
# Environment variables override this file. \`enms-simulator check\` shows the resulting values.
`;

/** The variables as Markdown, with a table for each heading. */
export function variablesMarkdown(): string {
  return SECTIONS.map(([title, variables]) => {
    const rows = Object.entries(variables).map(([name, variable]) =>
      row([
        `\`${name}\``,
        variable.default === undefined ? '-' : `\`${variable.default}\``,
        variable.kind.expected,
        sentences(variable).join(' '),
      ]),
    );
    const head = [
      row(['Variable', 'Default', 'Accepted', 'Meaning']),
      row(['---', '---', '---', '---']),
    ];
    return `### ${title}\n\n${[...head, ...rows].join('')}`;
  }).join('\n');
}

function sentences({ about, isSecret }: Variable<unknown>): string[] {
  return [about, ...(isSecret ? ['Never shown.'] : [])];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

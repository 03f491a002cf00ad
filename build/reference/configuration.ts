import { variablesMarkdown } from '../../src/config/documentation.ts';
import { heading } from './markdown.ts';

/** The page of all environment variables. */
export function configurationPage(): string {
  return [
    heading('Configuration', '`src/config` and `src/outputs`'),
    'Set environment variables, or put them in a file `.env` in the current directory; environment',
    'variables override the file. [.env.example](../../.env.example) has every variable with its',
    'default. `npx enms-simulator check` prints the resulting configuration, or every mistake in it.\n',
    variablesMarkdown().replaceAll(/^### /gm, '## '),
  ].join('\n');
}

/** The pages of the documentation, with their links, headings and code. */
import { readdirSync, readFileSync } from 'node:fs';

/** The root of the repository. */
export const root = new URL('../../../', import.meta.url);

/** A fenced block of code. */
export interface CodeBlock {
  readonly line: number;
  /** The first word after the fence: `sh`. */
  readonly language: string;
  /** The words after it: `not run: needs a Docker daemon`. */
  readonly remark: string;
  readonly code: string;
  /** Whether only blank lines lie between this block and the one before. */
  readonly isAfterBlock: boolean;
}

/** A Markdown page. */
export interface Page {
  /** Its path in the repository. */
  readonly path: string;
  readonly text: string;
  /** The text without code: what people read. */
  readonly prose: string;
  readonly blocks: readonly CodeBlock[];
  readonly headings: readonly string[];
  /** The targets of its links and images. */
  readonly links: readonly string[];
}

const FOLDERS = ['docs', 'examples', 'deploy'];
const TOP = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/** Every page that people read, except what is made when the site is built. */
export const pages: readonly Page[] = [...TOP, ...FOLDERS.flatMap(markdownFiles)]
  .sort()
  .map(readPage);

function markdownFiles(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, root), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return /node_modules|reference\/library|\.vitepress/.test(path) ? [] : markdownFiles(path);
    return path.endsWith('.md') ? [path] : [];
  });
}

function readPage(path: string): Page {
  const text = readFileSync(new URL(path, root), 'utf8');
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { line: number; info: string; code: string[] } | undefined;
  let isAfterBlock = false;
  for (const [i, line] of text.split('\n').entries()) {
    const fence = /^ *```(.*)$/.exec(line);
    if (fence && open) {
      const [language = '', ...remark] = open.info.trim().split(' ');
      const code = open.code.join('\n');
      blocks.push({ line: open.line, language, remark: remark.join(' '), code, isAfterBlock });
      isAfterBlock = true;
      open = undefined;
    } else if (fence) open = { line: i + 1, info: fence[1] as string, code: [] };
    else if (open) open.code.push(line);
    else {
      prose.push(line);
      if (line.trim() !== '') isAfterBlock = false;
    }
  }
  const plain = prose.join('\n');
  const withoutCode = plain.replaceAll(/`[^`\n]*`/g, '``');
  return {
    path,
    text,
    prose: plain,
    blocks,
    headings: prose.flatMap((line) => /^#{1,6} (.*)$/.exec(line)?.[1] ?? []),
    links: [
      ...[...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string),
      ...[...plain.matchAll(/(?:href|src|srcset)="([^"]+)"/g)].map(
        ([, target]) => target as string,
      ),
    ],
  };
}

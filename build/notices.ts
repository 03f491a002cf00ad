/** The licences of what the package contains of others. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that allow their software in a program under MIT, if their text is with it. */
const ACCEPTED = new Set(
  '0BSD Apache-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause ISC MIT PSF-2.0 Python-2.0 Unlicense'.split(
    ' ',
  ),
);

/** Packages that name no licence, or none that is accepted as it stands, and why they may be used. */
const EXCEPTIONS: Readonly<Record<string, { readonly license: string; readonly reason: string }>> =
  {
    '@resvg/resvg-wasm': {
      license: 'MPL-2.0',
      reason: 'Its files are unchanged; their source is in the repository that is named here.',
    },
    'date-holidays': {
      license: 'ISC AND CC-BY-SA-3.0',
      reason: 'The dates of public holidays are unchanged data, and stay under CC BY-SA 3.0.',
    },
    'dejavu-fonts-ttf': {
      license: 'Bitstream-Vera',
      reason: 'The fonts are unchanged and are not sold by themselves.',
    },
    decko: { license: 'MIT', reason: 'Its description names no licence, but its text is below.' },
    stickyfill: {
      license: 'MIT',
      reason: 'Its description names no licence, but its text is below.',
    },
    'url-template': { license: 'BSD-3-Clause', reason: 'Its description says only BSD.' },
  };

/** Software inside files of packages that their own licence does not cover. */
const INSIDE: readonly Notice[] = [
  {
    name: 'PostgreSQL, in @electric-sql/pglite',
    license: 'PostgreSQL',
    text: readFileSync('build/licenses/PostgreSQL.txt', 'utf8'),
  },
  {
    name: 'Swagger UI, in @fastify/swagger-ui',
    license: 'Apache-2.0',
    text: 'Copyright 2020-2021 SmartBear Software Inc. The text of the licence is above, see pglite.',
  },
];

interface Notice {
  readonly name: string;
  readonly license: string;
  readonly text: string;
}

/** What a package says of itself. */
interface Description {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly repository?: string | { readonly url?: string };
}

/** Whether a licence, or one of several to choose from, is accepted: `MIT OR GPL-3.0`. */
export function isAccepted(license: string): boolean {
  return license
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => ACCEPTED.has(each)));
}

/**
 * The licence of a package.
 *
 * @throws Error if it names none that is accepted, and is no exception.
 */
export function licenseOf({ name, license }: Description): string {
  const exception = EXCEPTIONS[name];
  if (exception) return `${exception.license}. ${exception.reason}`;
  if (license !== undefined && isAccepted(license)) return license;
  throw new Error(
    `${name} cannot be bundled: its licence is ${license ?? 'not named'}; ` +
      'if it may be used, say why in build/notices.ts',
  );
}

/** The folders of the packages that files belong to. */
export function foldersOf(paths: Iterable<string>): readonly string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders];
}

/** The folders of a package and of all that it depends on, as npm has installed them. */
export function treeOf(name: string): readonly string[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const found = new Set<string>();
  const visit = (wanted: string, from: string): void => {
    const folder = `${from}node_modules/${wanted}`;
    const description = packages[folder];
    if (description === undefined) {
      // Optional peers may be missing; others are in a folder above.
      const above = from.lastIndexOf('node_modules/', from.length - 2);
      if (from !== '') visit(wanted, above < 0 ? '' : from.slice(0, above));
      return;
    }
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies, peerDependencies } = description;
    for (const each of Object.keys({ ...dependencies, ...peerDependencies }))
      visit(each, `${folder}/`);
  };
  visit(name, '');
  return [...found];
}

/** The text for all these packages, by name. */
export function noticesOf(folders: Iterable<string>): string {
  const notices = new Map(INSIDE.map((notice) => [notice.name, notice]));
  for (const folder of folders) {
    const description: Description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { name, version, repository } = description;
    const source = typeof repository === 'string' ? repository : repository?.url;
    const texts = readdirSync(folder, { withFileTypes: true })
      .filter((file) => file.isFile() && /^(licen[cs]e|notice|copying)/i.test(file.name))
      .map((file) => readFileSync(join(folder, file.name), 'utf8').trim());
    notices.set(`${name} ${version}`, {
      name: `${name} ${version}${source === undefined ? '' : `, from ${source}`}`,
      license: licenseOf(description),
      text: texts.join('\n\n') || 'The package has no text of its licence.',
    });
  }
  const parts = [...notices]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { name, license, text }]) => `${name}\nLicence: ${license}\n\n${text}\n`);
  return `${HEADING}\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

const HEADING = `This package contains the software and data below, each under its own licence.

${'='.repeat(80)}
`;

/** The container file as a list of instructions. */
import { textOf } from './files.ts';

/** One instruction of the container file, its continued lines joined. */
export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

/** The instructions of each stage; each begins with FROM. */
export function stages(): Instruction[][] {
  const lines = textOf('deploy/Dockerfile')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const all: Instruction[][] = [];
  for (const line of lines) {
    const [, keyword = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === 'FROM') all.push([]);
    const stage = all.at(-1);
    if (!stage || keyword === '') throw new Error(`not an instruction of a stage: ${line}`);
    stage.push({ keyword, text });
  }
  return all;
}

/** The arguments of all instructions with a keyword in a stage. */
export function textsOf(stage: readonly Instruction[], keyword: string): string[] {
  return stage.filter((each) => each.keyword === keyword).map(({ text }) => text);
}

/** The stage that becomes the image. */
export function lastStage(): readonly Instruction[] {
  return stages().at(-1) ?? [];
}

/** The variables that the image sets. */
export function imageEnvironment(): Record<string, string> {
  const pairs = textsOf(lastStage(), 'ENV').flatMap((text) => text.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
}

/** The arguments in the exec form of an instruction: `["node", "…"]`. */
export function execForm(keyword: 'ENTRYPOINT' | 'CMD' | 'HEALTHCHECK'): string[] {
  const [text = ''] = textsOf(lastStage(), keyword);
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}

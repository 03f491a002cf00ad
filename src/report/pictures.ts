import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { makeFolder } from '../dataset/whole-file.ts';
import { builtFile } from '../package-folder.ts';
import { keepWebAssembly } from '../web-assembly.ts';
import type { Figure } from './charts/figure.ts';
import { drawing } from './drawing.ts';

keepWebAssembly();

/** Pixels of a picture per pixel of a chart, for sharp print. */
const ZOOM = 2;
const FONT = 'DejaVu Sans';
const FONT_FILES = ['files/DejaVuSans.ttf', 'files/DejaVuSans-Bold.ttf'];

/**
 * Writes each chart as a separate PNG with a white background.
 *
 * @returns The number of files written.
 */
export async function writePictures(folder: string, figures: readonly Figure[]): Promise<number> {
  await initWasm(readFileSync(builtFile('files/resvg.wasm')));
  const fontBuffers = FONT_FILES.map((name) => readFileSync(builtFile(name)));
  makeFolder(folder);
  for (const [i, figure] of figures.entries()) {
    const resvg = new Resvg(drawing(figure), {
      background: '#ffffff',
      fitTo: { mode: 'zoom', value: ZOOM },
      font: { fontBuffers, defaultFontFamily: FONT, sansSerifFamily: FONT },
    });
    const picture = resvg.render();
    const number = String(i + 1).padStart(2, '0');
    writeFileSync(join(folder, `${number}-${figure.name}.png`), picture.asPng());
    picture.free();
    resvg.free();
  }
  return figures.length;
}

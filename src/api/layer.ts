import Type from 'typebox';
import { EVERY_ANOMALY } from '../simulation/incidents.ts';
import type { ReaderOptions } from '../simulation/reader.ts';
import { oneOf } from './schemas.ts';

/** What the instruments tell, what sound ones would tell, and that without any anomaly. */
const LAYERS = ['observed', 'true', 'clean'] as const;

/** One of the layers in which readings can be had. */
export type Layer = (typeof LAYERS)[number];

/** The query parameter `as`. */
export const LayerQuery = Type.Optional(
  oneOf(
    'What to read. `observed`, the default: what was published, with the defects of instruments. ' +
      '`true`: what sound instruments would show. `clean`: the same, had there never been an ' +
      'anomaly.',
    LAYERS,
  ),
);

/** The options of a reader of a layer. */
export function layerOptions(as: Layer = 'observed'): Pick<ReaderOptions, 'isTrue' | 'without'> {
  if (as === 'observed') return {};
  return { isTrue: true, ...(as === 'clean' && { without: EVERY_ANOMALY }) };
}

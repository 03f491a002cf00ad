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
    '`observed` (the default): as published, with the defects of instruments. `true`: as sound ' +
      'instruments would show it. `clean`: `true`, had there never been an anomaly; changes and ' +
      'stops stay.',
    LAYERS,
  ),
);

/** The options of a reader of a layer. */
export function layerOptions(as: Layer = 'observed'): Pick<ReaderOptions, 'isTrue' | 'without'> {
  if (as === 'observed') return {};
  return { isTrue: true, ...(as === 'clean' && { without: EVERY_ANOMALY }) };
}

import { memory } from './memory.ts';
import { mqtt } from './mqtt/index.ts';
import type { Output } from './output.ts';
import { postgres } from './postgres/index.ts';

const list = [mqtt, postgres, memory] as const;

/** Every way out of the simulator. */
export const outputs: readonly Output[] = list;

type Intersection<U> = (U extends unknown ? (each: U) => void : never) extends (
  all: infer I,
) => void
  ? I
  : never;

/** The variables of all outputs, by their names. */
export type OutputVariables = Intersection<(typeof list)[number]['variables']>;

/**
 * Every way out of the simulator: `enms-simulator/outputs`.
 *
 * @packageDocumentation
 */
import { outputs as all } from './index.ts';
import type { Output } from './output.ts';

export type {
  Announcer,
  ClusterState,
  Given,
  OpenOutput,
  Output,
  OutputContext,
  WantedOutput,
} from './output.ts';

/** The outputs. What only one of them needs is loaded when it opens. */
export const outputs: readonly Output[] = all;

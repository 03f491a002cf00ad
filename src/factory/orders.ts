import type { MachineType } from '../core/machine.ts';

/** Two parameters of a type of which the first must be below the second. */
export interface Order {
  readonly low: string;
  readonly high: string;
  readonly mayEqual: boolean;
}

/** The parameters of a type that must stand in an order, as they declare it. */
export function orderedParameters({ parameters }: MachineType): readonly Order[] {
  return Object.entries(parameters).flatMap(([low, { below, upTo }]) => {
    const high = below ?? upTo;
    return high === undefined ? [] : [{ low, high, mayEqual: below === undefined }];
  });
}

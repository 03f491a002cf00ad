import type { MachineType } from '../../core/machine.ts';

/** Two parameters of a type of which the first must be below the second. */
export interface Order {
  readonly low: string;
  readonly high: string;
  readonly mayEqual: boolean;
}

/** How the names of two parameters tell that one is below the other. */
const ORDERS = [
  { low: 'cutIn', high: 'cutOut', mayEqual: false },
  { low: 'standby', high: 'set', mayEqual: false },
  { low: 'setpoint', high: 'setback', mayEqual: true },
  { low: 'Min', high: 'Max', mayEqual: true },
] as const;

/** The parameters of a type that must stand in an order. */
export function orderedParameters({ parameters }: MachineType): readonly Order[] {
  return Object.keys(parameters).flatMap((name) =>
    ORDERS.filter(({ low }) => name.includes(low))
      .map(({ low, high, mayEqual }) => ({ low: name, high: name.replace(low, high), mayEqual }))
      .filter(({ high }) => Object.hasOwn(parameters, high)),
  );
}

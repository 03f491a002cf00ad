import type { MachineType } from '../core/machine.ts';
import { CARRIERS, carrierColumns, carrierOf, type Derived } from '../encoding/carrier.ts';

/** The carrier that a machine uses or supplies in one of its channels. */
export interface CarrierUse {
  readonly channel: string;
  /** `electricity`, `natural gas`. */
  readonly carrier: string;
  /** Whether the machine uses it; a boiler supplies steam. */
  readonly isTaken: boolean;
  readonly powerKw: Derived;
  readonly energyKwh: Derived;
}

/** The carriers of a machine type, electricity first. */
export function carriersOf(type: MachineType): readonly CarrierUse[] {
  return CARRIERS.flatMap((carrier) =>
    type.channels
      .filter(({ name }) => carrierOf(name) === carrier)
      .map((channel): CarrierUse => {
        const { name, fields } = channel;
        const derived = carrierColumns(type, channel);
        const column = (wanted: string): Derived => {
          const at = fields.find((field) => field.name === wanted)?.column as number;
          return derived[wanted] ?? ((values, from) => values[from + at] as number);
        };
        return {
          channel: name,
          carrier: carrier.name,
          isTaken: !carrier.flow || fields.some(({ key }) => key === type.fuel?.amount),
          powerKw: column('power_kw'),
          energyKwh: column('energy_kwh'),
        };
      }),
  );
}

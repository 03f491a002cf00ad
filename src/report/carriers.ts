import type { MachineType } from '../core/machine.ts';
import { carrierColumns, type Derived } from '../encoding/carrier.ts';

/** What a machine takes, or gives, in one of its channels. */
export interface CarrierUse {
  readonly channel: string;
  /** `electricity`, `natural gas`. */
  readonly carrier: string;
  /** Whether the machine takes it; a boiler gives steam. */
  readonly isTaken: boolean;
  readonly powerKw: Derived;
  readonly energyKwh: Derived;
}

/** The carrier of the channels `energy` and `electricity`. */
const ELECTRICITY = 'electricity';

/** Channels that tell of no carrier. */
const OTHER_CHANNELS = new Set(['production', 'environmental']);

/** The carriers of a machine type, electricity first. */
export function carriersOf(type: MachineType): readonly CarrierUse[] {
  return type.channels
    .filter(({ name }) => !OTHER_CHANNELS.has(name))
    .map((channel): CarrierUse => {
      const { name, fields } = channel;
      const derived = carrierColumns(type, channel);
      const column = (wanted: string): Derived => {
        const at = fields.find((field) => field.name === wanted)?.column as number;
        return derived[wanted] ?? ((values, from) => values[from + at] as number);
      };
      const isElectric = derived['power_kw'] === undefined;
      return {
        channel: name,
        carrier: isElectric ? ELECTRICITY : name.replaceAll('_', ' '),
        isTaken: isElectric || fields.some(({ key }) => key === type.fuel?.amount),
        powerKw: column('power_kw'),
        energyKwh: column('energy_kwh'),
      };
    })
    .sort((a, b) => Number(b.carrier === ELECTRICITY) - Number(a.carrier === ELECTRICITY));
}

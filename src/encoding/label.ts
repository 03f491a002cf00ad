import type { MachineType } from '../core/machine.ts';
import { Memo } from '../runtime/memo.ts';

/** Columns for whether an anomaly is active in a reading, and its type. */
export const LABEL_COLUMNS = ['anomaly', 'anomaly_type'] as const;

/** Separator between the types of simultaneous anomalies. */
const BETWEEN = '+';

/** The types of the anomalies that a reading's label names: `leak`, `leak+bearing_fault`, ``. */
function labelText(type: MachineType, label: number): string {
  return type.faultTypes.filter((_, i) => label & (1 << i)).join(BETWEEN);
}

/** Values derived from labels, each computed once per machine type. */
export class LabelMemo<Value> {
  readonly #types: Memo<MachineType, Map<number, Value>>;
  readonly #make: (text: string) => Value;

  /** @param make - Called with {@link labelText}. */
  constructor(make: (text: string) => Value) {
    this.#make = make;
    this.#types = new Memo(() => new Map());
  }

  of(type: MachineType, label: number): Value {
    const known = this.#types.of(type);
    let value = known.get(label);
    if (value === undefined) {
      value = this.#make(labelText(type, label));
      known.set(label, value);
    }
    return value;
  }
}

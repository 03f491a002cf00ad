import type { FactoryDescription } from '../core/factory.ts';
import { ELECTRICITY, unitOf } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { fieldDescription } from '../encoding/field-descriptions.ts';
import { flatFields } from '../encoding/reading.ts';
import {
  type ColumnDescription,
  MACHINE_ID,
  type MachineColumn,
  type TableLayout,
} from '../encoding/table-layout.ts';
import { labelText, type TableField } from '../encoding/texts.ts';
import { aggregationText } from './aggregation.ts';
import { SPLIT_PARTS } from './split.ts';

/** A column that says something about a reading, and what it says. */
interface LabelColumn extends Pick<TableField, 'kind' | 'decimals' | 'unit'> {
  readonly description: string;
  readonly textOf?: (type: MachineType, code: number) => string;
}

/**
 * The columns after the fields of a reading. Their values are in the row after the reading, in this
 * order. To add one, add an entry here and its value in `label-reader.ts`.
 */
const LABELS = {
  anomaly: { kind: 'flag', decimals: 0, unit: '', description: 'Whether an anomaly acts' },
  anomaly_type: {
    kind: 'text',
    decimals: 0,
    unit: '',
    description: 'Type of the anomaly, null without one; of several, joined by +',
    textOf: labelText,
  },
  severity: {
    kind: 'number',
    decimals: 2,
    unit: '',
    description: 'Severity of the anomaly, 1 to 5, null without one; of several, the strongest’s',
  },
  intensity: {
    kind: 'number',
    decimals: 4,
    unit: '',
    description:
      'How strongly the anomaly acts, 0 to 1 (severity 5, fully grown): the highest of the ' +
      'interval; of several anomalies, the strongest’s',
  },
  expected_power_kw: {
    kind: 'number',
    decimals: ELECTRICITY.powerKw.decimals,
    unit: unitOf('expectedPowerKw'),
    description: 'What power_kw would be if no anomaly had ever acted',
  },
  excess_energy_kwh: {
    kind: 'number',
    decimals: ELECTRICITY.energyKwh.decimals,
    unit: unitOf('excessEnergyKwh'),
    description:
      'Energy of the interval beyond what it would be if no anomaly had ever acted, of ' +
      'electricity and fuel',
  },
  split: {
    kind: 'text',
    decimals: 0,
    unit: '',
    description: `Part of the dataset: ${SPLIT_PARTS.join(', ')}, in the order of time`,
    textOf: (_, code) => SPLIT_PARTS[code] as string,
  },
} as const satisfies Readonly<Record<string, LabelColumn>>;

/** The name of a label column. */
export type LabelName = keyof typeof LABELS;

const LABEL_NAMES = Object.keys(LABELS) as LabelName[];

/** Writes the labels of a reading as the row that begins at `at`, each rounded to its decimals. */
export function writeLabels(
  labels: Readonly<Record<LabelName, number>>,
  values: Float64Array,
  at: number,
): void {
  for (let i = 0; i < LABEL_NAMES.length; i++) {
    const name = LABEL_NAMES[i] as LabelName;
    const scale = SCALES[i] as number;
    // No negative zero.
    values[at + i] = Math.round(labels[name] * scale) / scale + 0;
  }
}

const SCALES = LABEL_NAMES.map((name) => Number(`1e${LABELS[name].decimals}`));

/** The columns between the time and the fields, and what they are. */
const MACHINE_COLUMNS: Readonly<
  Record<string, (factories: ReadonlyMap<string, FactoryDescription>) => MachineColumn['textOf']>
> = {
  [MACHINE_ID.name]: () => MACHINE_ID.textOf,
  machine_name:
    () =>
    ({ name }) =>
      name,
  machine_type:
    () =>
    ({ type }) =>
      type.type,
  factory_id:
    () =>
    ({ factoryId }) =>
      factoryId,
  factory_name:
    (factories) =>
    ({ factoryId }) =>
      factories.get(factoryId)?.name ?? factoryId,
};

/**
 * The wide tables of some machine types: for each type one table, whose rows have all fields of a
 * reading and its labels.
 *
 * @param isResampled - Whether fields are described with how they are aggregated.
 */
export function wideLayouts(
  types: Iterable<MachineType>,
  factories: readonly FactoryDescription[],
  isResampled: boolean,
): readonly TableLayout[] {
  const byId = new Map(factories.map((factory) => [factory.id, factory]));
  const machineColumns = Object.entries(MACHINE_COLUMNS).map(([name, textOf]) => ({
    name,
    textOf: textOf(byId),
  }));
  return [...new Set(types)].map((type) => {
    const own = flatFields(type).map(({ name, field }) => ({ ...field, name }));
    const fields: readonly TableField[] = [...own, ...labelFields(type)];
    const byName = new Map(fields.map((field) => [field.name, field]));
    const descriptions: Record<string, ColumnDescription> = {
      time: { unit: '', description: 'End of the interval, in UTC' },
    };
    for (const { name } of machineColumns)
      descriptions[name] = { unit: '', description: fieldDescription({ name }) };
    for (const field of own) {
      const words = [fieldDescription(field), ...(isResampled ? [aggregationText(field)] : [])];
      descriptions[field.name] = { unit: field.unit, description: words.join('; ') };
    }
    for (const name of LABEL_NAMES) {
      const { unit, description } = LABELS[name];
      descriptions[name] = { unit, description };
    }
    return {
      name: type.type,
      machineColumns,
      fields,
      fieldsOf: (other: MachineType) => (other === type ? byName : new Map()),
      channelOf: () => 0,
      descriptions,
    };
  });
}

function labelFields(type: MachineType): readonly TableField[] {
  return LABEL_NAMES.map((name, i) => {
    const { kind, decimals, unit, textOf }: LabelColumn = LABELS[name];
    return {
      key: name,
      name,
      kind,
      decimals,
      unit,
      column: ROW_WIDTH + i,
      ...(textOf && { text: (code: number) => textOf(type, code) }),
    };
  });
}

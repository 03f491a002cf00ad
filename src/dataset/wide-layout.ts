import type { FactoryDescription } from '../core/factory.ts';
import { ELECTRICITY, type Field, unitOf } from '../core/field.ts';
import { type MachineType, ROW_WIDTH } from '../core/machine.ts';
import { fieldDescription } from '../encoding/field-descriptions.ts';
import { flatFields } from '../encoding/reading.ts';
import {
  type ColumnDescription,
  MACHINE_ID,
  type MachineColumn,
  type TableLayout,
} from '../encoding/table-layout.ts';
import { defectText, labelText, ROW_LABELS, type TableField } from '../encoding/texts.ts';
import { aggregationText } from './aggregation.ts';
import { SPLIT_PARTS } from './split.ts';

/** A column that says something about a reading, and what it says. */
interface LabelColumn extends Pick<TableField, 'kind' | 'decimals' | 'unit'> {
  readonly description: string;
  readonly textOf?: (type: MachineType, code: number) => string;
  /** Whether it is there only if readings may be told otherwise than they were made. */
  readonly isOfTold?: true;
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
  defect: {
    kind: 'flag',
    decimals: 0,
    unit: '',
    description: 'Whether an instrument defect acts',
    isOfTold: true,
  },
  defect_kind: {
    kind: 'text',
    decimals: 0,
    unit: '',
    description: 'Kind of the instrument defect, null without one; of several, separated by ;',
    textOf: (_, code) => defectText(code),
    isOfTold: true,
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

/** The label columns of a table; others keep their place in the row, and are not shown. */
function labelNames(isTold: boolean): readonly LabelName[] {
  return LABEL_NAMES.filter((name) => isTold || !(LABELS[name] as LabelColumn).isOfTold);
}

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
 * @param isTold - Whether readings may be told otherwise than they were made.
 */
export function wideLayouts(
  types: Iterable<MachineType>,
  factories: readonly FactoryDescription[],
  isResampled: boolean,
  isTold: boolean,
): readonly TableLayout[] {
  const labels = labelNames(isTold);
  const byId = new Map(factories.map((factory) => [factory.id, factory]));
  const machineColumns = Object.entries(MACHINE_COLUMNS).map(([name, textOf]) => ({
    name,
    textOf: textOf(byId),
  }));
  return byName(types).map((variants) => {
    const columns = new Map(variants.map((type) => [type, columnsOf(type, isTold)]));
    const fields = [...columns.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const own = fields.slice(0, -labels.length);
    const descriptions: Record<string, ColumnDescription> = {
      time: { unit: '', description: 'End of the interval, in UTC' },
    };
    for (const { name } of machineColumns)
      descriptions[name] = { unit: '', description: fieldDescription({ name }) };
    for (const field of own) {
      const words = [
        fieldDescription(field),
        ...(isResampled ? [aggregationText(field as Field)] : []),
      ];
      descriptions[field.name] = { unit: field.unit, description: words.join('; ') };
    }
    for (const name of labels) {
      const { unit, description } = LABELS[name];
      descriptions[name] = { unit, description };
    }
    if (isTold)
      descriptions[ROW_LABELS.received[0]] = { unit: '', description: 'When it was delivered' };
    return {
      name: (variants[0] as MachineType).type,
      machineColumns,
      fields,
      fieldsOf: (type: MachineType) =>
        new Map(columns.get(type)?.map((field) => [field.name, field])),
      channelOf: (type: MachineType) => (columns.has(type) ? 0 : -1),
      descriptions,
    };
  });
}

/** Machine types by name: those with an energy register share a table with those without. */
function byName(types: Iterable<MachineType>): readonly (readonly MachineType[])[] {
  const groups = new Map<string, MachineType[]>();
  for (const type of new Set(types)) {
    const group = groups.get(type.type);
    if (group) group.push(type);
    else groups.set(type.type, [type]);
  }
  return [...groups.values()];
}

/** The fields of a machine type, then its labels. */
function columnsOf(type: MachineType, isTold: boolean): readonly TableField[] {
  const own = flatFields(type).map(({ name, field }) => ({ ...field, name }));
  return [...own, ...labelFields(type, isTold)];
}

function labelFields(type: MachineType, isTold: boolean): readonly TableField[] {
  return labelNames(isTold).map((name) => {
    const { kind, decimals, unit, textOf }: LabelColumn = LABELS[name];
    return {
      key: name,
      name,
      kind,
      decimals,
      unit,
      column: ROW_WIDTH + LABEL_NAMES.indexOf(name),
      ...(textOf && { text: (code: number) => textOf(type, code) }),
    };
  });
}

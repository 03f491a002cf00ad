import { wireName } from '../core/field.ts';
import type { MachineType } from '../core/machine.ts';
import { objectSchema } from '../schema/composite-type.ts';
import type { JsonSchema } from '../schema/value-type.ts';
import {
  CALENDAR_KEYS,
  CLOSURE_KEYS,
  EXTRA_SHIFT_KEYS,
  PUBLIC_HOLIDAYS_KEYS,
  SHIFT_KEYS,
} from './calendar.ts';
import { CLIMATE_KEYS, FACTORY_KEYS } from './factory.ts';
import { FILE_KEYS, OWN_KEY } from './index.ts';
import { FAULT_KEYS, machineKeys } from './machine.ts';
import { type Catalogue, parameterKeys, spreadKeys, typeNames } from './machine-types.ts';
import { NETWORK_KEYS, NETWORKS_KEYS } from './networks.ts';
import { SPREAD_KEYS } from './series.ts';

/**
 * The JSON Schema of factory files, generated from the tables that check them. Editors use it for
 * completion and validation. Draft 7 has the widest editor support.
 */
export function factorySchema(catalogue: Catalogue): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Factories of the EnMS simulator',
    ...objectSchema(FILE_KEYS),
    patternProperties: { [OWN_KEY.source]: true },
    definitions: {
      factory: {
        ...objectSchema(FACTORY_KEYS),
        allOf: [
          { not: { required: ['shifts', 'calendar'] } },
          { not: { required: ['id', 'count'] } },
        ],
      },
      climate: objectSchema(CLIMATE_KEYS),
      networks: objectSchema(NETWORKS_KEYS),
      ...Object.fromEntries(
        Object.entries(NETWORK_KEYS).map(([name, keys]) => [
          `${wireName(name)}_network`,
          objectSchema(keys),
        ]),
      ),
      calendar: objectSchema(CALENDAR_KEYS),
      shift: objectSchema(SHIFT_KEYS),
      public_holidays: objectSchema(PUBLIC_HOLIDAYS_KEYS),
      closure: objectSchema(CLOSURE_KEYS),
      extra_shift: objectSchema(EXTRA_SHIFT_KEYS),
      machine: {
        ...objectSchema(machineKeys(catalogue)),
        dependencies: { spread: ['count'] },
        allOf: [
          { not: { required: ['id', 'count'] } },
          ...catalogue.map((type) => ofType(type, catalogue)),
        ],
      },
      fault: objectSchema(FAULT_KEYS),
      spread: objectSchema(SPREAD_KEYS),
      ...Object.fromEntries(
        catalogue.map((type) => [parametersOf(type), objectSchema(parameterKeys(type))]),
      ),
      ...Object.fromEntries(
        catalogue.map((type) => [spreadOf(type), objectSchema(spreadKeys(type))]),
      ),
    },
  };
}

/** The rules for machines of one type. */
function ofType(type: MachineType, catalogue: Catalogue): JsonSchema {
  const names = [...typeNames(catalogue)].flatMap(([name, each]) => (each === type ? name : []));
  const { ratedPowerKw } = type.parameters;
  const faults = type.faultTypes.map((name) => ({
    const: name,
    description: type.faults[name]?.about,
  }));
  return {
    if: { required: ['type'], properties: { type: { enum: names } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      properties: {
        rated_power_kw: {
          description: ratedPowerKw?.about,
          minimum: ratedPowerKw?.range[0],
          maximum: ratedPowerKw?.range[1],
          default: ratedPowerKw?.value,
        },
        interval: { default: type.intervalS },
        parameters: { $ref: `#/definitions/${parametersOf(type)}` },
        spread: {
          properties: {
            rated_power_kw: {
              items: { minimum: ratedPowerKw?.range[0], maximum: ratedPowerKw?.range[1] },
            },
            parameters: { $ref: `#/definitions/${spreadOf(type)}` },
          },
        },
        faults:
          faults.length > 0
            ? { items: { properties: { type: { oneOf: faults } } } }
            : { maxItems: 0 },
      },
    },
  };
}

function spreadOf({ type }: MachineType): string {
  return `${type}_spread`;
}

function parametersOf({ type }: MachineType): string {
  return `${type}_parameters`;
}

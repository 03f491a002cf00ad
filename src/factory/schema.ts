import type { MachineType } from '../core/machine.ts';
import { machineTypes } from '../machines/index.ts';
import type { JsonSchema } from '../schema/kinds.ts';
import {
  CALENDAR_KEYS,
  CLIMATE_KEYS,
  CLOSURE_KEYS,
  EXTRA_SHIFT_KEYS,
  FACTORY_KEYS,
  FAULT_KEYS,
  FILE_KEYS,
  MACHINE_KEYS,
  OWN_KEY,
  PUBLIC_HOLIDAYS_KEYS,
  parameterKeys,
  SHIFT_KEYS,
  SPREAD_KEYS,
  spreadKeys,
  TYPES,
} from './keys.ts';
import type { Keys } from './mapping.ts';
import { NETWORK_KEYS, NETWORKS_KEYS } from './networks.ts';

/**
 * The JSON Schema of factory files, made of the tables that check them, so that an editor
 * completes and marks what the simulator accepts and refuses. Draft 7, which editors know best.
 */
export function factorySchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Factories of the EnMS simulator',
    ...mappingSchema(FILE_KEYS),
    patternProperties: { [OWN_KEY.source]: true },
    definitions: {
      factory: {
        ...mappingSchema(FACTORY_KEYS),
        allOf: [
          { not: { required: ['shifts', 'calendar'] } },
          { not: { required: ['id', 'count'] } },
        ],
      },
      climate: mappingSchema(CLIMATE_KEYS),
      networks: mappingSchema(NETWORKS_KEYS),
      ...Object.fromEntries(
        [...NETWORK_KEYS].map(([name, keys]) => [`${name}_network`, mappingSchema(keys)]),
      ),
      calendar: mappingSchema(CALENDAR_KEYS),
      shift: mappingSchema(SHIFT_KEYS),
      public_holidays: mappingSchema(PUBLIC_HOLIDAYS_KEYS),
      closure: mappingSchema(CLOSURE_KEYS),
      extra_shift: mappingSchema(EXTRA_SHIFT_KEYS),
      machine: {
        ...mappingSchema(MACHINE_KEYS),
        dependencies: { spread: ['count'] },
        allOf: [{ not: { required: ['id', 'count'] } }, ...machineTypes.map(ofType)],
      },
      fault: mappingSchema(FAULT_KEYS),
      spread: mappingSchema(SPREAD_KEYS),
      ...Object.fromEntries(
        machineTypes.map((type) => [parametersOf(type), mappingSchema(parameterKeys(type))]),
      ),
      ...Object.fromEntries(
        machineTypes.map((type) => [spreadOf(type), mappingSchema(spreadKeys(type))]),
      ),
    },
  };
}

function mappingSchema(keys: Keys): JsonSchema {
  const properties = Object.entries(keys).map(([name, { kind, about, default: byDefault }]) => {
    const { $ref, ...rest } = kind.schema;
    return [
      name,
      {
        description: about,
        // Draft 7 ignores everything beside a reference.
        ...($ref === undefined ? rest : { allOf: [{ $ref }] }),
        ...(byDefault === undefined ? {} : { default: byDefault }),
      },
    ];
  });
  const required = Object.keys(keys).filter((name) => keys[name]?.isRequired);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(properties),
  };
}

/** What holds for machines of one type alone. */
function ofType(type: MachineType): JsonSchema {
  const names = [...TYPES].flatMap(([name, each]) => (each === type ? name : []));
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

import { defects } from '../defects/index.ts';
import type { Catalogue } from '../factory/machine-types.ts';
import { factorySchema } from '../factory/schema.ts';
import { objectSchema } from '../schema/composite-type.ts';
import type { JsonSchema } from '../schema/value-type.ts';
import {
  CHANGE_KEYS,
  CLASSES,
  defectKeys,
  EVENT_KEYS,
  FAULT_KEYS,
  PERIOD_KEYS,
  PERIODS_KEYS,
  STOP_KEYS,
  STORY_KEYS,
} from './keys.ts';

/**
 * The JSON Schema of scenario files, draft 7, generated from the tables that check them. What
 * depends on the factory, such as the names of its machines, is checked by the program only.
 */
export function scenarioSchema(catalogue: Catalogue): JsonSchema {
  const { definitions } = factorySchema(catalogue) as { definitions: Record<string, JsonSchema> };
  const { factory: _, fault: _fault, ...machines } = definitions;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A scenario of the EnMS simulator',
    ...objectSchema(STORY_KEYS),
    definitions: {
      ...machines,
      planned_fault: definitions['fault'],
      between: {
        type: 'object',
        additionalProperties: false,
        required: ['between'],
        properties: {
          between: {
            description: 'Two numbers or two durations, the lower one first.',
            type: 'array',
            minItems: 2,
            maxItems: 2,
            items: { type: ['number', 'string'] },
          },
          scale: { description: 'Even on a logarithmic scale.', enum: ['log'] },
        },
      },
      one_of: {
        type: 'object',
        additionalProperties: false,
        required: ['one_of'],
        properties: { one_of: { type: 'array', minItems: 1 } },
      },
      period: objectSchema(PERIOD_KEYS),
      periods: objectSchema(PERIODS_KEYS),
      event: {
        ...objectSchema(EVENT_KEYS),
        oneOf: CLASSES.map((name) => ({ required: [name] })),
        allOf: [
          { not: { required: ['until', 'duration'] } },
          { not: { required: ['until', 'every'] } },
        ],
        dependencies: { times: ['every'], jitter: ['every'], curve: ['ramp'] },
      },
      fault: objectSchema(FAULT_KEYS),
      defect: {
        oneOf: defects.map((defect) => {
          const schema = objectSchema(defectKeys(defect));
          const kind = { const: defect.kind, description: defect.about };
          return { ...schema, properties: { ...schema.properties, kind } };
        }),
      },
      change: objectSchema(CHANGE_KEYS),
      stop: objectSchema(STOP_KEYS),
    },
  };
}

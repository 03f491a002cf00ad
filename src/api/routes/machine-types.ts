import Type from 'typebox';
import { DURATION_S, SEVERITY } from '../../core/anomaly.ts';
import { wireName } from '../../core/field.ts';
import { hasEnergy, type MachineType, parameterContent, withRegister } from '../../core/machine.ts';
import { COMPRESSIONS } from '../../dataset/formats/index.ts';
import { version } from '../../runtime/version.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { responses } from '../responses.ts';
import { integer, list, named, number, oneOf, text } from '../schemas.ts';

const range = (description: string) =>
  Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description, examples: [[5, 400]] });

const MachineTypeShown = named('MachineType', 'A kind of machine, and what it reports.', {
  machine_type: text('Name of the machine type.', 'compressor'),
  title: text('Name for people.', 'Compressor'),
  data_interval_seconds: number('Default interval between two readings [s].', 1),
  rated_power_kw: Type.Object(
    {
      typical: range('Typical minimum and maximum [kW].'),
      accepted: range('Accepted minimum and maximum [kW].'),
    },
    { description: 'Rated electrical power.' },
  ),
  channels: list(
    'The messages of such a machine.',
    Type.Object({
      name: text('Last level of the MQTT topic.', 'energy'),
      fields: list(
        'The fields of a message.',
        Type.Object({
          name: text('Name of the field.', 'power_kw'),
          unit: text('Unit of the field; empty if it has none.', 'kW'),
          kind: oneOf('What values the field has.', ['number', 'count', 'mode', 'text']),
          decimals: integer('Number of decimals.', 3),
        }),
      ),
    }),
  ),
  anomalies: list(
    'The anomalies that such a machine can have.',
    Type.Object({
      anomaly_type: text('Type of the anomaly.', 'leak'),
      description: text('What happens to the machine.', 'Compressed air escapes.'),
      onset: oneOf('Whether it starts at once or grows.', ['step', 'ramp']),
      signals: Type.Array(Type.String(), {
        description: 'Fields that it changes.',
        examples: [['power_kw', 'flow_rate_m3h']],
      }),
    }),
  ),
  alerts: list(
    'The alerts that such a machine can raise.',
    Type.Object({
      code: text('Code of the alert.', 'HIGH_OIL_TEMP'),
      message: text('The alert for people.', 'Oil temperature high'),
    }),
  ),
  parameters: list(
    'The parameters that a factory file can set.',
    Type.Object({
      name: text('Name of the parameter.', 'ratedPowerKw'),
      default: Type.Union([Type.Number(), Type.String()], {
        description: 'Value if a factory file sets none.',
        examples: [55],
      }),
      accepted: Type.Union(
        [Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), Type.Array(Type.String())],
        { description: 'Minimum and maximum, or the accepted names.', examples: [[5, 400]] },
      ),
      description: text('What the parameter is.', 'Rated electrical power [kW].'),
    }),
  ),
});

const limits = (description: string, unit: string) =>
  Type.Object(
    {
      min: Type.Number({ description: `Lowest accepted value${unit}.` }),
      max: Type.Number({ description: `Highest accepted value${unit}.` }),
      default: Type.Number({ description: `Value if a request has none${unit}.` }),
    },
    { description },
  );

const Catalogue = named('Catalogue', 'The machine types, and limits of requests.', {
  version: text('Version of the program.', '1.0.0'),
  severity: limits('Severity of an injected anomaly.', ''),
  duration_seconds: limits('Duration of an injected anomaly.', ' [s]'),
  export_formats: Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'The formats of exports, each with its compression methods, the default first.',
    examples: [{ csv: ['none', 'gzip'] }],
  }),
  machine_types: list('The machine types.', MachineTypeShown),
});

function shown(type: MachineType) {
  return {
    machine_type: type.type,
    title: type.title,
    data_interval_seconds: type.intervalS,
    rated_power_kw: {
      typical: [...type.typicalRatedPowerKw],
      accepted: [...(type.parameters['ratedPowerKw']?.range ?? type.typicalRatedPowerKw)],
    },
    channels: type.channels.map(({ name, fields }) => ({
      name,
      fields: fields.map(({ name, unit, kind, decimals }) => ({ name, unit, kind, decimals })),
    })),
    anomalies: type.faultTypes.map((name, i) => {
      const { about = '', onset = 'step', signals = [] } = type.faultList[i] ?? {};
      return { anomaly_type: name, description: about, onset, signals: signals.map(wireName) };
    }),
    alerts: type.alertCodes.map((code, i) => ({
      code,
      message: type.alertList[i]?.message ?? code,
    })),
    parameters: Object.entries(type.parameters).map(([name, parameter]) => ({
      name,
      default: parameterContent(parameter, parameter.value),
      accepted: parameter.choices ? [...parameter.choices] : [...parameter.range],
      description: parameter.about,
    })),
  };
}

/** `/simulator/info`: the machine types and what they report. */
export function machineTypeCatalogue(app: App, { configuration }: Api): void {
  const catalogue = {
    version,
    severity: SEVERITY,
    duration_seconds: DURATION_S,
    export_formats: Object.fromEntries(
      Object.entries(COMPRESSIONS).map(([format, methods]) => [format, [...methods]]),
    ),
    machine_types: configuration.catalogue.map((type) =>
      shown(configuration.haveAllRegisters && hasEnergy(type) ? withRegister(type) : type),
    ),
  };
  app.get(
    '/simulator/info',
    {
      schema: {
        tags: [TAGS.machines],
        operationId: 'getInfo',
        summary: 'Machine types with their fields, units, intervals and anomalies',
        description: 'The machine types of this simulator, and limits of requests.',
        response: responses('The machine types and limits.', Catalogue),
      },
    },
    () => catalogue,
  );
}

import Type from 'typebox';
import { DURATION_S, SEVERITY } from '../../core/anomaly.ts';
import { wireName } from '../../core/field.ts';
import { type MachineType, parameterContent } from '../../core/machine.ts';
import { COMPRESSIONS } from '../../dataset/formats/index.ts';
import { version } from '../../runtime/version.ts';
import { type Api, type App, TAGS } from '../context.ts';
import { oneOf, responses } from '../schemas.ts';

const Range = Type.Array(Type.Number(), { minItems: 2, maxItems: 2, examples: [[5, 400]] });

const MachineTypeShown = Type.Object({
  machine_type: Type.String({ examples: ['compressor'] }),
  title: Type.String(),
  data_interval_seconds: Type.Number({ description: 'Default; the registry may override it.' }),
  rated_power_kw: Type.Object({ typical: Range, accepted: Range }),
  channels: Type.Array(
    Type.Object({
      name: Type.String({ description: 'Last level of the topic.', examples: ['energy'] }),
      fields: Type.Array(
        Type.Object({
          name: Type.String({ examples: ['power_kw'] }),
          unit: Type.String({ examples: ['kW'] }),
          kind: oneOf(['number', 'count', 'mode', 'text']),
          decimals: Type.Integer(),
        }),
      ),
    }),
  ),
  anomalies: Type.Array(
    Type.Object({
      anomaly_type: Type.String({ examples: ['leak'] }),
      description: Type.String(),
      onset: oneOf(['step', 'ramp']),
      signals: Type.Array(Type.String(), { description: 'Fields that it affects.' }),
    }),
  ),
  alerts: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
  parameters: Type.Array(
    Type.Object({
      name: Type.String({ examples: ['ratedPowerKw'] }),
      default: Type.Union([Type.Number(), Type.String()]),
      accepted: Type.Union([Range, Type.Array(Type.String())], {
        description: 'Minimum and maximum, or the accepted names.',
      }),
      description: Type.String(),
    }),
  ),
});

const Limits = Type.Object({ min: Type.Number(), max: Type.Number(), default: Type.Number() });

const Catalogue = Type.Object({
  version: Type.String({ examples: ['1.0.0'] }),
  severity: Limits,
  duration_seconds: Limits,
  export_formats: Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'Compression methods of each format, the default first.',
    examples: [{ csv: ['none', 'gzip'] }],
  }),
  machine_types: Type.Array(MachineTypeShown),
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
    machine_types: configuration.catalogue.map(shown),
  };
  app.get(
    '/simulator/info',
    {
      schema: {
        tags: [TAGS.machines],
        summary: 'Machine types with their fields, units, intervals and anomalies',
        response: responses(Catalogue),
      },
    },
    () => catalogue,
  );
}

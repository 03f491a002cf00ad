import { createHash } from 'node:crypto';
import { pattern, text, textual, type ValueType } from '../schema/value-type.ts';

/** Width of the columns for names and topics in an EnMS's registry. */
const NAME_MAX = 255;

/** The name of a factory or a machine. */
export const NAME: ValueType<string> = text(NAME_MAX);

const ID_FORM = pattern(
  /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/,
  '8-4-4-4-12 hexadecimal digits like c0000000-0000-0000-0000-000000000001',
);

/** An id: 8-4-4-4-12 hexadecimal digits, converted to lower case, as databases write them. */
export const ID: ValueType<string> = {
  ...ID_FORM,
  parse: (value) => ID_FORM.parse(value)?.toLowerCase(),
};

/** MQTT 5.0 §4.7.1: # and + are wildcards and / separates levels, so no level contains them. */
const LEVEL = '[^#+/\\u0000-\\u001f\\u007f-\\u009f]*';
/** An empty or blank level is legal in MQTT, but always a mistake. */
const VISIBLE_LEVEL = `${LEVEL}[^#+/\\s\\u0000-\\u001f\\u007f-\\u009f]${LEVEL}`;

/** One level of a topic. */
export const TOPIC_LEVEL: ValueType<string> = level(
  `^${VISIBLE_LEVEL}$`,
  'one level of a topic, like berlin: not blank, without /, #, + and control characters',
);

/** The first three levels of a machine's topics. */
export const TOPIC: ValueType<string> = level(
  `^factory/${VISIBLE_LEVEL}/${VISIBLE_LEVEL}$`,
  'three levels like factory/berlin/press-1: the first is factory, none is blank, without #, + ' +
    `and control characters, up to ${NAME_MAX} characters`,
);

function level(form: string, expected: string): ValueType<string> {
  const expression = new RegExp(form);
  return textual(
    expected,
    (name) => (NAME.parse(name) !== undefined && expression.test(name) ? name : undefined),
    { pattern: form, maxLength: NAME_MAX },
  );
}

/** A name as a topic level: `Hydraulic-Pump 1` → `hydraulic-pump-1`. May be empty. */
export function slug(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

/** Namespace of the factories' ids. */
const FACTORIES = '7d3c1f52-5a0e-4b7e-9c55-2f1d60c8a4e1';

/** The default id of a factory, always the same for the same name. */
export function factoryId(name: string): string {
  return nameId(FACTORIES, name);
}

/** The default id of a machine, always the same for the same name and factory id. */
export function machineId(factory: string, name: string): string {
  return nameId(factory, name);
}

/** A name-based UUID, version 5: RFC 9562, section 5.5. */
function nameId(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest();
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}

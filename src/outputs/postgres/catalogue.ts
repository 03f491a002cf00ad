/** A column in the catalogue; a domain is resolved to its base type. */
export interface FoundColumn {
  readonly name: string;
  /** The declared type in SQL. */
  readonly declared: string;
  readonly base: string;
  readonly category: string;
  readonly modifier: number;
  /** Labels of an enum. */
  readonly labels: readonly string[] | null;
  /** Whether an insert must provide a value. */
  readonly is_required: boolean;
  /** Whether no insert may provide a value, because it is generated. */
  readonly is_fixed: boolean;
}

/** A table in the catalogue. */
export interface FoundTable {
  readonly name: string;
  readonly is_there: boolean;
  readonly columns: readonly FoundColumn[] | null;
  readonly has_key: boolean;
  /** Required privileges that are missing for all its columns. */
  readonly missing_rights: string | null;
}

/** The types of instants; without a time zone they are UTC. */
export const TIME_TYPES = 'timestamp with time zone or timestamp without time zone';
const NUMBERS = ['numeric', 'smallint', 'integer', 'bigint', 'real', 'double precision'];
/** The types of numbers, in words. */
export const NUMBER_TYPES = 'a number';

/** Whether a column stores text, as enums also do. */
export function isText({ category, labels }: FoundColumn): boolean {
  return category === 'S' || labels !== null;
}

/** Whether a column stores instants. */
export function isTime({ base }: FoundColumn): boolean {
  return TIME_TYPES.split(' or ').includes(base);
}

/** Whether a column stores numbers. */
export function isNumber({ base }: FoundColumn): boolean {
  return NUMBERS.includes(base);
}

/**
 * Queries the structure of tables; `$1` is a list of their `name`, the columns of their `key` in
 * order and the required `rights`, each joined by `, `. The rows are {@link FoundTable}s.
 */
export const FIND_TABLES = `
  select name, oid is not null as is_there,
    (select json_agg(json_build_object(
        'name', attname,
        'declared', format_type(a.atttypid, a.atttypmod),
        'base', format_type(base.oid, null),
        'category', base.typcategory,
        'modifier', case when type.typtype = 'd' then type.typtypmod else a.atttypmod end,
        'labels', (select json_agg(enumlabel) from pg_enum where enumtypid = base.oid),
        'is_fixed', attgenerated <> '' or attidentity = 'a',
        'is_required', attnotnull and not atthasdef and attidentity = ''))
      from pg_attribute as a join pg_type as type on type.oid = a.atttypid
        join pg_type as base
          on base.oid = case when type.typtype = 'd' then type.typbasetype else type.oid end
      where attrelid = needed.oid and attnum > 0 and not attisdropped) as columns,
    exists (
      select from pg_index
      where indrelid = needed.oid and indisunique and indisvalid and indimmediate
        and indpred is null and indexprs is null
        and key = (
          select string_agg(attname, ', ' order by attname collate "C")
          from unnest((indkey::int2[])[0:indnkeyatts - 1]) as part
            join pg_attribute on attrelid = indrelid and attnum = part)) as has_key,
    (select string_agg(privilege, ', ')
      from unnest(string_to_array(rights, ', ')) as privilege
      where not has_any_column_privilege(needed.oid, privilege)) as missing_rights
  from (
    select name, key, rights, to_regclass(name)::oid as oid
    from json_to_recordset($1) as needed(name text, key text, rights text)) as needed`;

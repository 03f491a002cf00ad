import type { ValueType } from './value-type.ts';

/**
 * An environment variable. Validation, `.env.example` and the documentation are generated from
 * these.
 */
export interface Variable<T> {
  readonly kind: ValueType<T>;
  /** The default, as users would write it. Without one, an unset variable disables the feature. */
  readonly default: string | undefined;
  /** One or more sentences for users. */
  readonly about: string;
  /** Whether the value must never be shown, not even in an error message about it. */
  readonly isSecret: boolean;
}

/** A variable that always has a value. */
export type DefaultedVariable<T> = Variable<T> & { readonly default: string };

/** Variables by name. */
export type Variables = Readonly<Record<string, Variable<unknown>>>;

/** The values of variables by name. */
export type ValuesOf<V extends Variables> = {
  readonly [N in keyof V]: V[N] extends DefaultedVariable<infer T>
    ? T
    : V[N] extends Variable<infer T>
      ? T | undefined
      : never;
};

/** A variable with a default. */
export function variable<T>(
  kind: ValueType<T>,
  byDefault: string,
  about: string,
): DefaultedVariable<T> {
  return { kind, default: byDefault, about, isSecret: false };
}

/** A variable that may be unset. */
export function optional<T>(kind: ValueType<T>, about: string): Variable<T> {
  return { kind, default: undefined, about, isSecret: false };
}

/** A variable that may be unset, and whose value is never shown. */
export function secret<T>(kind: ValueType<T>, about: string): Variable<T> {
  return { ...optional(kind, about), isSecret: true };
}

import type { ValueType } from './value-type.ts';

/** One environment variable; from its table come validation, `.env.example` and documents. */
export interface Variable<T> {
  readonly kind: ValueType<T>;
  /** As it would be written; none: without a value the feature is off. */
  readonly default: string | undefined;
  /** Sentences for people. */
  readonly about: string;
  /** Never shown, not even in the message about a fault in it. */
  readonly isSecret: boolean;
}

/** A variable that always has a value. */
export type DefaultedVariable<T> = Variable<T> & { readonly default: string };

/** Variables by their names. */
export type Variables = Readonly<Record<string, Variable<unknown>>>;

/** What variables mean, by their names. */
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

/** A variable that may have no value. */
export function optional<T>(kind: ValueType<T>, about: string): Variable<T> {
  return { kind, default: undefined, about, isSecret: false };
}

/** A variable that may have no value, and whose value is never shown. */
export function secret<T>(kind: ValueType<T>, about: string): Variable<T> {
  return { ...optional(kind, about), isSecret: true };
}

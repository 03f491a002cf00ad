/** Where delivery says what changed: a line a change of state, nothing per message. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

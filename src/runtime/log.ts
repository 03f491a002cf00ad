/** A log of state changes: one line per change, nothing per message. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Factories that behave like real ones, as a library: no network, no clock, and no files but those
 * that you name.
 *
 * @packageDocumentation
 */

export { DURATION_S, type Growth, type Incident, SEVERITY } from './core/anomaly.ts';
export { Batch, READING, STATUS } from './core/batch.ts';
export type { Clock } from './core/clock.ts';
export type {
  CalendarDescription,
  ClimateDescription,
  FactoryDescription,
  Machine,
  MachineDescription,
  NetworkDescription,
  PlannedFault,
  Shift,
} from './core/factory.ts';
export {
  type Channel,
  decimal,
  ELECTRICITY,
  type Field,
  type FieldSpec,
  named,
  OPERATING_MODES,
  text,
} from './core/field.ts';
export { Journal, type JournalEntry, type JournalEvent, type Settings } from './core/journal.ts';
export {
  defineMachine,
  type MachineType,
  type Model,
  type Parameter,
  parameter,
  ROW_WIDTH,
} from './core/machine.ts';
export type {
  DefectOccurrence,
  DefectValue,
  Draw,
  FaultOccurrence,
  StopOccurrence,
} from './core/occurrence.ts';
export type { Sink } from './core/sink.ts';
export type {
  ChangeEvent,
  ChangeOccurrence,
  DefectEvent,
  FaultEvent,
  MachineChange,
  StopEvent,
  Story,
  StoryEvent,
} from './core/story.ts';
export { csv } from './encoding/csv.ts';
export { JsonEncoder } from './encoding/json.ts';
export { jsonLines } from './encoding/json-lines.ts';
export type { LineEncoder, LineFormat } from './encoding/line-format.ts';
export { flatFields, type Reading, readingAt } from './encoding/reading.ts';
export { DEFAULT_CALENDAR, DEFAULT_CLIMATE, DEFAULT_FACTORY } from './factory/default-factory.ts';
export {
  type FactoryFile,
  type FactoryFileOptions,
  parseFactoryFile,
  readFactoryFile,
} from './factory/index.ts';
export { machineTypes } from './machines/index.ts';
export {
  createFleet,
  DEFAULT_SETTINGS,
  type Fleet,
  type FleetOptions,
  nextFleet,
} from './simulation/fleet.ts';
export { Incidents } from './simulation/incidents.ts';
export { createReader, type Reader, type ReaderOptions } from './simulation/reader.ts';

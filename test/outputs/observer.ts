import type { SinkObserver } from '../../src/core/sink.ts';

/** Records what a sink reports about itself. */
export class Notes implements SinkObserver {
  readonly refusedTopics = new Set<string>();
  readonly refusals: string[] = [];
  readonly losses: string[] = [];
  steps = 0;

  progress(): void {
    this.steps++;
  }

  refused(topic: string, reason: string): void {
    this.refusedTopics.add(topic);
    this.refusals.push(`${topic}: ${reason}`);
  }

  accepted(topic: string): void {
    this.refusedTopics.delete(topic);
  }

  lost({ message }: Error): void {
    this.losses.push(message);
  }
}

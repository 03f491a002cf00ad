/** What the broker gave up, by kind, each of which is told at its own pace. */
export type NoticeKind = 'client' | 'messages' | 'retained' | 'session' | 'subscription';

/** Called with a sentence about what was given up. */
export type NoticeListener = (notice: string) => void;

/** Tells what the broker gives up, one line a kind in a while, however often it happens. */
export class Notices {
  readonly #everyMs: number;
  readonly #listener: NoticeListener;
  readonly #kinds = new Map<NoticeKind, { nextMs: number; suppressed: number }>();

  constructor(listener: NoticeListener, everyMs: number) {
    this.#listener = listener;
    this.#everyMs = everyMs;
  }

  /** @param sentence - Made only where it is told. */
  report(kind: NoticeKind, sentence: () => string): void {
    const state = this.#kinds.get(kind) ?? { nextMs: Number.NEGATIVE_INFINITY, suppressed: 0 };
    this.#kinds.set(kind, state);
    const nowMs = performance.now();
    if (nowMs < state.nextMs) {
      state.suppressed++;
      return;
    }
    const more =
      state.suppressed > 0 ? ` (and ${state.suppressed} more like it since the last line)` : '';
    this.#listener(sentence() + more);
    state.nextMs = nowMs + this.#everyMs;
    state.suppressed = 0;
  }
}

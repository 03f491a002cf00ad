/** The kinds of notices, each of which is limited separately. */
export type NoticeKind = 'client' | 'messages' | 'retained' | 'session' | 'subscription';

/** Called with a sentence about what was lost. */
export type NoticeListener = (notice: string) => void;

/** Reports what the broker drops, at most once per interval and kind. */
export class Notices {
  readonly #everyMs: number;
  readonly #listener: NoticeListener;
  readonly #kinds = new Map<NoticeKind, { nextMs: number; suppressed: number }>();

  constructor(listener: NoticeListener, everyMs: number) {
    this.#listener = listener;
    this.#everyMs = everyMs;
  }

  /** @param sentence - Only called if the notice is reported. */
  report(kind: NoticeKind, sentence: () => string): void {
    const state = this.#kinds.get(kind) ?? { nextMs: Number.NEGATIVE_INFINITY, suppressed: 0 };
    this.#kinds.set(kind, state);
    const nowMs = performance.now();
    if (nowMs < state.nextMs) {
      state.suppressed++;
      return;
    }
    const more =
      state.suppressed > 0 ? ` (and ${state.suppressed} more like this since the last line)` : '';
    this.#listener(sentence() + more);
    state.nextMs = nowMs + this.#everyMs;
    state.suppressed = 0;
  }
}

const DAY_S = 86_400;

/**
 * Offset of a time zone from UTC, as a function of time. It calls `Intl` at most twice per
 * simulated day, and bisects the days on which clocks change.
 */
export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #days = new Map<number, { offsetS: number; changeS: number; laterOffsetS: number }>();

  /** @throws RangeError for a name that is not in the zone database. */
  constructor(name: string) {
    this.name = name;
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    this.#format = format.resolvedOptions().timeZone === 'UTC' ? undefined : format;
  }

  /** Offset of local clocks from UTC [s], positive east. */
  offsetS(tS: number): number {
    if (!this.#format) return 0;
    const entry = this.#day(Math.floor(tS / DAY_S));
    return tS < entry.changeS ? entry.offsetS : entry.laterOffsetS;
  }

  /**
   * The instant at which local clocks show a wall time, given as seconds since 1970-01-01 00:00
   * local: the first of two if clocks repeat it, the change itself if they skip it.
   */
  instantS(wallS: number): number {
    const earlyS = wallS - this.offsetS(wallS - DAY_S);
    const lateS = wallS - this.offsetS(wallS + DAY_S);
    if (earlyS + this.offsetS(earlyS) === wallS) return earlyS;
    if (lateS + this.offsetS(lateS) === wallS) return lateS;
    return this.changeS(Math.floor(earlyS / DAY_S)) ?? lateS;
  }

  /** The instant on this day (UTC) at which clocks change, if they do. */
  changeS(day: number): number | undefined {
    if (!this.#format) return undefined;
    const { changeS } = this.#day(day);
    return Number.isFinite(changeS) ? changeS : undefined;
  }

  #day(day: number) {
    let entry = this.#days.get(day);
    if (!entry) {
      if (this.#days.size >= DAYS_KEPT) this.#days.clear();
      entry = this.#measure(day * DAY_S, (day + 1) * DAY_S);
      this.#days.set(day, entry);
    }
    return entry;
  }

  #measure(fromS: number, toS: number) {
    const offsetS = this.#ask(fromS);
    const laterOffsetS = this.#ask(toS);
    let changeS = Number.POSITIVE_INFINITY;
    if (offsetS !== laterOffsetS) {
      let before = fromS;
      changeS = toS;
      while (changeS - before > 1) {
        const middle = Math.floor((before + changeS) / 2);
        if (this.#ask(middle) === offsetS) before = middle;
        else changeS = middle;
      }
    }
    return { offsetS, changeS, laterOffsetS };
  }

  #ask(tS: number): number {
    const parts = (this.#format as Intl.DateTimeFormat).formatToParts(tS * 1000);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name);
    if (!match) throw new RangeError(`cannot read the offset ${name} of ${this.name}`);
    const [, sign, hours = 0, minutes = 0, seconds = 0] = match;
    const offset = 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds);
    return sign === '-' ? -offset : offset;
  }
}

/** About ten years; a seek looks up days in any order. */
const DAYS_KEPT = 4000;

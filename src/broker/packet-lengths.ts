/** Follows the packets of a connection by their headers: type, then the length in 7-bit groups. */
export class PacketLengths {
  /** Bytes still to come of the packet whose header has been seen. */
  #rest = 0;
  /** Value and weight of the length that is being read; weight 0: the type comes next. */
  #length = 0;
  #weight = 0;

  /** The longest packet that begins in a chunk [bytes]. */
  longest(chunk: Buffer): number {
    let longest = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, chunk.length - at);
        this.#rest -= taken;
        at += taken;
        continue;
      }
      const byte = chunk[at++] as number;
      if (this.#weight === 0) {
        this.#weight = 1;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * this.#weight;
      this.#weight *= 128;
      longest = Math.max(longest, this.#length);
      if (byte < 128) {
        this.#rest = this.#length;
        this.#weight = 0;
      }
    }
    return longest;
  }
}

/** A source and a sink that behave as a request says: slow, short, failing, growing. */

/** @typedef {import("./testee.js").Message} Message */

/** Hands out `chunks`, fails after `fault_after` bytes, and can grow. */
export class Source {
  /** Bytes that were read. */
  taken = 0;

  /** @param {Message} request */
  constructor({ wire, chunks = [Infinity], fault_after = Infinity, fault_once = false }) {
    this.wire = Buffer.from(wire, "hex");
    this.chunks = [...chunks];
    this.faultAfter = fault_after;
    this.faultOnce = fault_once;
  }

  /**
   * @param {Uint8Array} into
   * @param {number} at
   * @param {number} length
   */
  async read(into, at, length) {
    const chunk = this.chunks.length > 1 ? this.chunks.shift() : this.chunks[0];
    const size = Math.min(length, chunk, this.faultAfter - this.taken);
    if (size === 0) {
      this.faultAfter = this.faultOnce ? Infinity : this.faultAfter;
      throw new Error("the source failed, as it was told to");
    }
    const bytesRead = this.wire.copy(into, at, this.taken, this.taken + size);
    this.taken += bytesRead;
    return { bytesRead };
  }

  /** @param {string} wire */
  append(wire) {
    this.wire = Buffer.concat([this.wire, Buffer.from(wire, "hex")]);
  }
}

/** Takes at most `sink_chunk` bytes at a time, and fails after `sink_fault_after`. */
export class Sink {
  taken = Buffer.alloc(0);

  /** @param {Message} request */
  constructor({ sink_chunk = Infinity, sink_fault_after = Infinity, fault_once = false }) {
    this.chunk = sink_chunk;
    this.faultAfter = sink_fault_after;
    this.faultOnce = fault_once;
  }

  /**
   * @param {Uint8Array} from
   * @param {number} at
   * @param {number} length
   */
  async write(from, at, length) {
    const bytesWritten = Math.min(length, this.chunk, this.faultAfter - this.taken.length);
    if (bytesWritten === 0) {
      this.faultAfter = this.faultOnce ? Infinity : this.faultAfter;
      throw new Error("the sink failed, as it was told to");
    }
    this.taken = Buffer.concat([this.taken, from.subarray(at, at + bytesWritten)]);
    return { bytesWritten };
  }
}

/**
 * FlatStream: frames of length, checksum and payload.
 *
 * @typedef {import("./checksum.js").Algorithm} Algorithm
 * @typedef {(payload: Uint8Array) => string | null} Validator gives the name of the validator that refuses, or null
 *
 * Sources and sinks are file handles of `node:fs/promises`, or behave like them: they may take or give fewer bytes.
 * @typedef {{read(into: Uint8Array, at: number, length: number, position: null): Promise<{bytesRead: number}>}} Source
 * @typedef {{write(from: Uint8Array, at: number, length: number): Promise<{bytesWritten: number}>}} Sink
 *
 * Lengths and limits are bytes of payload; checksums are the fields as on the wire, in hexadecimal (E1, R13).
 * @typedef {{kind: "unexpected_eof"} | {kind: "io"}
 *   | {kind: "invalid_frame", declaredLen: number, limit: number}
 *   | {kind: "checksum_mismatch", expected: string, calculated: string}
 *   | {kind: "validation_failed", validator: string}} Problem
 */

import { checksumField } from "./checksum.js";

const LENGTH_SIZE = 4;
const MAX_PAYLOAD_LEN = 2 ** 32 - 1;
const DEFAULT_MAX_FRAME_LEN = 2 ** 31;
/** Memory is taken in pieces of this many bytes, so that a declared length alone costs no more (R6). */
const PIECE = 1 << 16;

/** The error of a frame. */
export class FrameError extends Error {
  /**
   * @param {Problem} problem
   * @param {number} offset where the frame begins: absolute, in bytes (E2)
   * @param {unknown} [cause] the error of the source or sink
   */
  constructor(problem, offset, cause) {
    super(`${problem.kind} in the frame at offset ${offset}`, { cause });
    this.problem = problem;
    this.offset = offset;
  }
}

/** Takes payload after payload from a source, and never a byte beyond the frame that it reads (R9). */
export class FrameReader {
  /** One past the last whole frame, also if its checksum was wrong or its payload refused. */
  position = 0;
  /** @type {FrameError | undefined} */
  #failure;

  /**
   * @param {Source} source
   * @param {Algorithm} algorithm
   * @param {{maxFrameLen?: number, validator?: Validator}} [options]
   */
  constructor(source, algorithm, { maxFrameLen = DEFAULT_MAX_FRAME_LEN, validator } = {}) {
    if (!(Number.isInteger(maxFrameLen) && maxFrameLen >= 0 && maxFrameLen <= MAX_PAYLOAD_LEN)) {
      throw new RangeError(`limit ${maxFrameLen} is not 0 to 2^32 - 1`);
    }
    this.source = source;
    this.algorithm = algorithm;
    this.maxFrameLen = maxFrameLen;
    this.validator = validator;
  }

  /** The payloads up to the clean end; a loop that was left can be begun again at the next frame (R12). */
  async *[Symbol.asyncIterator]() {
    for (let payload = await this.read(); payload !== null; payload = await this.read()) {
      yield payload;
    }
  }

  /**
   * The next payload, or null at a clean end, which does not stick (R1). A mismatch and a refused payload leave the
   * reader at the next frame; any other error sticks (R10).
   */
  async read() {
    if (this.#failure) throw this.#failure;
    const start = this.position;
    const header = await this.#take(LENGTH_SIZE);
    if (header.length === 0) return null;
    if (header.length < LENGTH_SIZE) throw this.#fail({ kind: "unexpected_eof" });
    const length = header.readUInt32LE();
    // Before the checksum is looked at and before any memory is taken (R3).
    if (length > this.maxFrameLen) {
      throw this.#fail({ kind: "invalid_frame", declaredLen: length, limit: this.maxFrameLen });
    }
    const expected = await this.#take(this.algorithm.width);
    const payload = await this.#take(length);
    if (expected.length < this.algorithm.width || payload.length < length) {
      throw this.#fail({ kind: "unexpected_eof" });
    }
    this.position += LENGTH_SIZE + expected.length + length;
    const calculated = checksumField(this.algorithm, payload);
    if (!calculated.equals(expected)) {
      const facts = { expected: expected.toString("hex"), calculated: calculated.toString("hex") };
      throw new FrameError({ kind: "checksum_mismatch", ...facts }, start);
    }
    const refusedBy = this.validator?.(payload) ?? null;
    if (refusedBy !== null) throw new FrameError({ kind: "validation_failed", validator: refusedBy }, start);
    return payload;
  }

  /**
   * As many bytes, or fewer at the end of the source (R7).
   * @param {number} size
   */
  async #take(size) {
    const pieces = [];
    for (let missing = size, ended = false; missing > 0 && !ended; ) {
      const piece = Buffer.alloc(Math.min(missing, PIECE));
      const filled = await this.#fill(piece);
      pieces.push(piece.subarray(0, filled));
      missing -= filled;
      ended = filled < piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** @param {Buffer} piece */
  async #fill(piece) {
    let filled = 0;
    try {
      for (let bytesRead = 1; bytesRead > 0 && filled < piece.length; filled += bytesRead) {
        ({ bytesRead } = await this.source.read(piece, filled, piece.length - filled, null));
      }
    } catch (cause) {
      throw this.#fail({ kind: "io" }, cause);
    }
    return filled;
  }

  /**
   * @param {Problem} problem
   * @param {unknown} [cause]
   */
  #fail(problem, cause) {
    this.#failure = new FrameError(problem, this.position, cause);
    return this.#failure;
  }
}

/** Writes payloads as frames to a sink. */
export class FrameWriter {
  /** @type {FrameError | undefined} */
  #failure;
  #position = 0;

  /**
   * @param {Sink} sink
   * @param {Algorithm} algorithm
   * @param {{maxPayloadLen?: number, validator?: Validator}} [options]
   */
  constructor(sink, algorithm, { maxPayloadLen = MAX_PAYLOAD_LEN, validator } = {}) {
    this.sink = sink;
    this.algorithm = algorithm;
    this.maxPayloadLen = maxPayloadLen;
    this.validator = validator;
  }

  /**
   * Writes one frame. A refused payload leaves the writer usable (S2), a failure of the sink does not (S4).
   * @param {Uint8Array} payload
   */
  async write(payload) {
    if (this.#failure) throw this.#failure;
    const refusedBy = this.validator?.(payload) ?? null;
    if (refusedBy !== null) throw new FrameError({ kind: "validation_failed", validator: refusedBy }, this.#position);
    if (payload.length > this.maxPayloadLen) {
      const facts = { declaredLen: payload.length, limit: this.maxPayloadLen };
      throw new FrameError({ kind: "invalid_frame", ...facts }, this.#position);
    }
    const length = Buffer.alloc(LENGTH_SIZE);
    length.writeUInt32LE(payload.length);
    const header = Buffer.concat([length, checksumField(this.algorithm, payload)]);
    try {
      await this.#hand(header);
      await this.#hand(payload);
    } catch (cause) {
      this.#failure = new FrameError({ kind: "io" }, this.#position, cause);
      throw this.#failure;
    }
    this.#position += header.length + payload.length;
  }

  /**
   * Offers the rest until all is taken (S1).
   * @param {Uint8Array} bytes
   */
  async #hand(bytes) {
    for (let taken = 0; taken < bytes.length; ) {
      const { bytesWritten } = await this.sink.write(bytes, taken, bytes.length - taken);
      if (bytesWritten === 0) throw new Error("the sink takes no more bytes");
      taken += bytesWritten;
    }
  }
}

/**
 * Reads to the end. Only a torn tail may be cut off, at the last good offset (C1, C2); any error but an end inside a
 * frame comes out as it is (C3).
 * @param {FrameReader} reader
 */
export async function scan(reader) {
  let end = "clean_eof";
  let frames = 0;
  let emptyTail = 0; // The empty frames at the end may be a lost block (C6).
  try {
    for await (const payload of reader) {
      frames += 1;
      emptyTail = payload.length === 0 ? emptyTail + 1 : 0;
    }
  } catch (error) {
    if (!(error instanceof FrameError && error.problem.kind === "unexpected_eof")) throw error;
    end = "torn_tail";
  }
  return { end, frames, lastGoodOffset: reader.position, emptyTail };
}

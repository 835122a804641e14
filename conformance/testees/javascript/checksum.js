/** The checksum algorithms of the format. */

import { crc32 } from "node:zlib";
import { createXXHash3 } from "hash-wasm";

/**
 * How many bytes a checksum takes on the wire, 0 to 8, and its function of the payload (W3).
 * @typedef {{width: number, compute: (payload: Uint8Array) => bigint}} Algorithm
 */

/**
 * The checksum as it stands on the wire: the low bytes of its value, least significant first (W4).
 * @param {Algorithm} algorithm
 * @param {Uint8Array} payload
 */
export function checksumField({ width, compute }, payload) {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(compute(payload));
  return value.subarray(0, width);
}

/**
 * CRC-16/XMODEM: polynomial 0x1021, initial value 0, a bit at a time.
 * @param {Uint8Array} payload
 */
function crc16(payload) {
  let crc = 0;
  for (const byte of payload) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
    }
  }
  return crc & 0xffff;
}

const hasher = await createXXHash3();

/** @param {Uint8Array} payload */
function xxh3(payload) {
  return Buffer.from(hasher.init().update(payload).digest("binary")).readBigUInt64BE();
}

/**
 * The four that every implementation knows, by name.
 * @type {Record<string, Algorithm>}
 */
export const ALGORITHMS = {
  none: { width: 0, compute: () => 0n },
  crc16: { width: 2, compute: (payload) => BigInt(crc16(payload)) },
  crc32: { width: 4, compute: (payload) => BigInt(crc32(payload)) },
  xxh3_64: { width: 8, compute: xxh3 },
};

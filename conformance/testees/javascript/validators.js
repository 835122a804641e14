/**
 * Payload validators: functions that give the name of the validator that refuses, or null.
 *
 * @typedef {import("./flatstream.js").Validator} Validator
 */

/**
 * Both bounds are inclusive, in bytes (V2).
 * @type {(min: number, max: number) => Validator}
 */
export const sizeValidator = (min, max) => (payload) =>
  min <= payload.length && payload.length <= max ? null : "SizeValidator";

/**
 * Whether the root of a FlatBuffer can be a table: the nine checks of V5 in their order, and nothing else. The last
 * two concern limits that are not to be set here, and always pass.
 * @type {Validator}
 */
export const tableRootValidator = (payload) => (rootMayBeTable(payload) ? null : "TableRootValidator");

/** @param {Uint8Array} payload */
function rootMayBeTable(payload) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const root = view.byteLength >= 4 ? view.getUint32(0, true) : -1;
  if (root < 0 || root % 4 !== 0 || root + 4 > view.byteLength) return false;
  const vtable = root - view.getInt32(root, true);
  if (vtable < 0 || vtable % 2 !== 0 || vtable + 2 > view.byteLength) return false;
  const size = view.getUint16(vtable, true);
  return size % 2 === 0 && vtable + size <= view.byteLength;
}

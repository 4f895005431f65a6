const READERS = {
  bool: Uint8Array, uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array, uint32: Uint32Array, int32: Int32Array,
  uint64: BigUint64Array, int64: BigInt64Array, float32: Float32Array, float64: Float64Array,
};

/** The numbers of an array as the server sends it inside JSON, or null of a kind that is not known. */
export function valuesOf({ dtype, base64 }) {
  const Reader = READERS[dtype];
  if (!Reader || typeof base64 !== "string") return null;
  return new Reader(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

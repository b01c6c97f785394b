/**
 * FNV-1a, 64 bits, as 16 hex digits: short, stable, and no need for more. In two halves of 32 bits, since a list of
 * 100 000 networks is two million characters.
 */
export function fnv1a(text: string): string {
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (let at = 0; at < text.length; at++) {
    // The prime is 2^40 + 0x1b3.
    const before = (low ^ text.charCodeAt(at)) >>> 0;
    const product = before * 0x1b3;
    low = product >>> 0;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (before << 8)) >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

import { NAME_LENGTH } from "../names.ts";

/**
 * `wanted`, or with -2, -3, ... behind it, cut to the length a name may have, so that it is not in `taken`. Who asks
 * for one name again and again says from which number on to look.
 */
export function freeName(wanted: string, taken: ReadonlySet<string>, from = 2): string {
  if (!taken.has(wanted)) return wanted;
  const stem = wanted.replace(/-\d+$/, "");
  for (let count = from; ; count += 1) {
    const end = `-${count}`;
    const name = stem.slice(0, NAME_LENGTH - end.length) + end;
    if (!taken.has(name)) return name;
  }
}

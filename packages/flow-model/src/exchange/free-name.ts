import { NAME_LENGTH } from "../names.ts";

/** `wanted`, or with -2, -3, ... behind it, cut to the length a name may have, so that it is not in `taken`. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  const stem = wanted.replace(/-\d+$/, "");
  for (let count = 2; ; count += 1) {
    const end = `-${count}`;
    const name = stem.slice(0, NAME_LENGTH - end.length) + end;
    if (!taken.has(name)) return name;
  }
}

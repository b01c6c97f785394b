/** Ports: one, or a range whose ends both belong to it. */
import { type Parsed, parseDecimal, parseEach, quote, refuse, withoutLeadingZeros } from "./value.ts";

export type Ports = { low: number; high: number };

export const PORT_MAX = 65_535;

const CODE = "bad-port";

/** `22`, `1000:2000`, `1024:` (up to 65535) or `:1023` (from 0). */
export function parsePorts(text: string): Parsed<Ports> {
  const colon = text.indexOf(":");
  if (colon < 0) {
    const port = parsePort(text);
    return "error" in port ? port : { ok: { low: port.ok, high: port.ok } };
  }
  const [from, to] = [text.slice(0, colon), text.slice(colon + 1)];
  if (text === ":") {
    return refuse(CODE, "a range needs an end", "write 1024: or :1023 or 1024:2048; for every port 0:65535");
  }
  const low = from === "" ? { ok: 0 } : parsePort(from);
  if ("error" in low) return low;
  const high = to === "" ? { ok: PORT_MAX } : parsePort(to);
  if ("error" in high) return high;
  if (low.ok > high.ok) {
    // iptables takes such a range and matches nothing with it.
    const help = `write ${printPorts({ low: high.ok, high: low.ok })}`;
    return refuse(CODE, `the range ${quote(text)} is upside down`, help);
  }
  return { ok: { low: low.ok, high: high.ok } };
}

function parsePort(text: string): Parsed<number> {
  const port = parseDecimal(text);
  if (port !== null && port <= PORT_MAX) return { ok: port };
  if (port !== null) {
    return refuse(CODE, `there is no port ${quote(text)}`, `ports go from 0 to ${PORT_MAX}`);
  }
  const meant = withoutLeadingZeros(text);
  if (meant !== null) {
    return refuse(CODE, `the port ${quote(text)} has a leading zero`, `write ${meant}`);
  }
  const range = /^([0-9]+)-([0-9]+)$/.exec(text);
  if (range) return refuse(CODE, `${quote(text)} is not a port`, `write a range as ${range[1]}:${range[2]}`);
  return refuse(
    CODE,
    `${quote(text)} is not a port`,
    "write a number such as 22, or a range such as 1000:2000",
  );
}

/** The canonical text: `22`, or both ends. */
export function printPorts({ low, high }: Ports): string {
  return low === high ? String(low) : `${low}:${high}`;
}

/** Sorted, disjoint, and with a gap between each two. */
export function mergePorts(ports: readonly Ports[]): Ports[] {
  const merged: Ports[] = [];
  for (const { low, high } of ports.toSorted((a, b) => a.low - b.low)) {
    const last = merged.at(-1);
    if (last && low <= last.high + 1) last.high = Math.max(last.high, high);
    else merged.push({ low, high });
  }
  return merged;
}

/** Keyed by the values themselves: an expanded list is shared by the conditions that name it. */
const knownSets = new WeakMap<readonly string[], readonly Ports[]>();

/** The ports that a list of values names, merged; what does not parse adds none. */
export function portSet(values: readonly string[]): readonly Ports[] {
  let set = knownSets.get(values);
  if (!set) {
    set = mergePorts(parseEach(values, parsePorts));
    // One value is parsed as fast as it is found.
    if (values.length > 1) knownSets.set(values, set);
  }
  return set;
}

/** Keyed by the merged ports, which `portSet` keeps. */
const knownOthers = new WeakMap<readonly Ports[], readonly Ports[]>();

/** The ports that merged ones leave, merged too. */
export function otherPorts(merged: readonly Ports[]): readonly Ports[] {
  const before = knownOthers.get(merged);
  if (before) return before;
  const others: Ports[] = [];
  let low = 0;
  for (const range of merged) {
    if (range.low > low) others.push({ low, high: range.low - 1 });
    low = range.high + 1;
  }
  if (low <= PORT_MAX) others.push({ low, high: PORT_MAX });
  if (merged.length > 1) knownOthers.set(merged, others);
  return others;
}

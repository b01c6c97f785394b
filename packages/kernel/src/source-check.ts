/**
 * What the kernel's check of source addresses does to packets that a mark leads to a table of its own. IPv4 only: IPv6
 * has no such check. Nothing here changes anything.
 *
 * Measured on Linux 6.18, with packets through namespaces (`source-check.test.ts`):
 *
 * - The check asks whether the source of a packet would be reached by where the packet came in. `rp_filter` 1 wants
 *   the very interface, 2 any route at all; the greater of the interface's and that of `all` counts.
 * - It asks without the packet's mark. So an answer that comes in where a table led to is looked up in the main table:
 *   under 1 it is dropped when that leads elsewhere, under 1 and 2 when that leads nowhere.
 * - With `src_valid_mark` (of the interface or of `all`) it asks with the mark, so a packet that carries a table's mark
 *   is looked up in that table: under 1 it is dropped when that leads elsewhere, and whatever `rp_filter` says when it
 *   is local there, as with a director's `local 0.0.0.0/0`. A table that says nothing of the source decides nothing.
 */
import type { Eaten, SourceCheck } from "./kernel.ts";
import { type JsonRoute, type JsonRule, LOCAL, UNICAST } from "./ours.ts";

/** By interface; `all` and `default` are among them, as in /proc. */
export type Written = ReadonlyMap<string, { rp_filter: number; src_valid_mark: number }>;

/** Tables that every packet asks anyway: `default`, `main` and `local` of linux/rtnetlink.h. */
const MAIN = 254;
const EVERYBODYS: readonly number[] = [253, MAIN, 255];

/** What counts for an interface; null where the kernel did not tell. */
export function sourceCheck(written: Written, iface: string): SourceCheck | null {
  const [own, all] = [written.get(iface), written.get("all")];
  if (own === undefined || all === undefined) return null;
  const level = Math.max(own.rp_filter, all.rp_filter);
  return {
    filter: level === 1 ? "strict" : level === 2 ? "loose" : "off",
    byMark: own.src_valid_mark + all.src_valid_mark > 0,
  };
}

/** Each table with each interface where its packets, or the answers to them, are dropped. IPv4's routes and rules. */
export function eaten(written: Written, routes: readonly JsonRoute[], rules: readonly JsonRule[]): Eaten[] {
  const checked = [...written.keys()].flatMap((iface) => {
    const check = ["all", "default", "lo"].includes(iface) ? null : sourceCheck(written, iface);
    return check === null || (check.filter === "off" && !check.byMark) ? [] : [{ iface, ...check }];
  });
  if (checked.length === 0) return [];
  const tables = byTable(routes);
  const main = tables.get(MAIN) ?? new Table();
  // Where others lead packets without a mark to a table, answers may be looked up there as well.
  const unmarked = new Set(
    rules.flatMap(({ fwmark, not, table }) =>
      fwmark === undefined || not !== undefined ? Number(table) : [],
    ),
  );
  return [...tables].flatMap(([table, ways]) => {
    if (EVERYBODYS.includes(table)) return [];
    return checked.flatMap((check): Eaten[] => {
      const { iface } = check;
      const answers = unmarked.has(table) ? null : lostAnswers(check, ways, main);
      const packets = lostPackets(check, ways, main);
      return [
        ...(answers
          ? [{ table, iface, what: "answers" as const, set: settings(answers, iface, written) }]
          : []),
        ...(packets
          ? [{ table, iface, what: "packets" as const, set: settings(packets, iface, written) }]
          : []),
      ];
    });
  });
}

type Checked = SourceCheck & { iface: string };

/** What has to be changed: to loose, to off, or the mark left out. */
type Remedy = "loose" | "off" | "unmarked";

/** Answers to what left by a table come in where it left. */
function lostAnswers({ iface, filter }: Checked, ways: Table, main: Table): Remedy | null {
  if (filter === "off") return null;
  let remedy: Remedy | null = null;
  for (const route of ways.by(iface)) {
    const back = main.lookup(route);
    if (back === null) return "off";
    if (filter === "strict" && !back.ifaces.includes(iface)) remedy = "loose";
  }
  return remedy;
}

/** Packets come from where the main table leads to. */
function lostPackets({ iface, filter, byMark }: Checked, ways: Table, main: Table): Remedy | null {
  if (!byMark) return null;
  let remedy: Remedy | null = null;
  for (const source of main.by(iface)) {
    const back = ways.lookup(source);
    if (back?.local) return "unmarked";
    if (filter === "strict" && back !== null && !back.ifaces.includes(iface)) remedy = "loose";
  }
  return remedy;
}

/** The settings as sysctl takes them, where a dot in a name is a slash. */
function settings(remedy: Remedy, iface: string, written: Written): string[] {
  const name = (scope: string, setting: string) => `net.ipv4.conf.${scope.replaceAll(".", "/")}.${setting}`;
  if (remedy === "loose") return [`${name(iface, "rp_filter")}=2`];
  const setting = remedy === "off" ? "rp_filter" : "src_valid_mark";
  return ["all", iface].flatMap((scope) =>
    (written.get(scope)?.[setting] ?? 0) > 0 ? [`${name(scope, setting)}=0`] : [],
  );
}

type Route = { address: number; prefix: number; ifaces: string[]; local: boolean };

function byTable(routes: readonly JsonRoute[]): Map<number, Table> {
  const tables = new Map<number, Table>();
  for (const json of routes) {
    const route = routeOf(json);
    if (route === null) continue;
    const number = Number(json.table ?? MAIN);
    const table = tables.get(number) ?? new Table();
    tables.set(number, table);
    table.add(route);
  }
  return tables;
}

/** Null for one that leads nowhere now, and for one that only says so (blackhole). */
function routeOf({ type = UNICAST, dst, dev, nexthops = [], flags = [] }: JsonRoute): Route | null {
  if (flags.includes("dead") || (type !== UNICAST && type !== LOCAL)) return null;
  const [address = "", prefix = "32"] = dst === "default" ? ["0.0.0.0", "0"] : dst.split("/");
  const bits = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const ifaces = [dev, ...nexthops.map((hop) => hop.dev)].filter((name) => name !== undefined);
  return { address: bits, prefix: Number(prefix), ifaces, local: type === LOCAL };
}

/** Looked up as the kernel does, by the longest prefix, in a time that does not depend on the size. */
class Table {
  readonly #routes = new Map<number, Route>();

  /** Of two for the same network the first counts: the kernel lists the better one first. */
  add(route: Route): void {
    const key = keyOf(route.address, route.prefix);
    if (!this.#routes.has(key)) this.#routes.set(key, route);
  }

  /** Those that leave by an interface. */
  by(iface: string): Route[] {
    return [...this.#routes.values()].filter(({ local, ifaces }) => !local && ifaces.includes(iface));
  }

  /** The route that a network as a whole goes by. */
  lookup({ address, prefix }: Route): Route | null {
    for (let length = prefix; length >= 0; length -= 1) {
      const found = this.#routes.get(keyOf(address - (address % 2 ** (32 - length)), length));
      if (found !== undefined) return found;
    }
    return null;
  }
}

const keyOf = (address: number, prefix: number): number => prefix * 2 ** 32 + address;

/** Routing tables that flows name, or could: number, mark, ip rule, and whether there is a route in them. */
import type { HealthLine, RoutingTable } from "@flowmgr/flow-api";
import { markOf, OUR_TABLES } from "@flowmgr/flow-compiler";
import { type Config, type Flow, flowsOf, parseTable } from "@flowmgr/flow-model";
import { sourceCheckLines } from "./source-check.ts";
import { count, familiesOf, hex, ipRuleLines, PROTOCOL, usedBy, type World } from "./world.ts";

/** RT_TABLE_LOCAL of linux/rtnetlink.h: it holds this machine's own addresses, and no policy may name it. */
const LOCAL = 255;

type Named = { name: string; number: number | null };

/** Those of the draft in its order, those that only the config in force names, then others that hold routes. */
export function tables(world: World): RoutingTable[] {
  const { draft, running, reading } = world;
  const resolve = (text: string): Named => ({ name: text, number: numberOf(text, reading.tables) });
  const inForce = tablesOf(running).map(resolve);
  const all = [...tablesOf(draft).map(resolve), ...inForce, ...withRoutes(world)];
  // `main` and `254` are one table; the first writing stands for it.
  const distinct = new Map(all.toReversed().map((table) => [keyOf(table), table]));
  const order = [...new Set(all.map(keyOf))];
  return order.flatMap((key): RoutingTable[] => {
    const table = distinct.get(key);
    if (!table) return [];
    const index = new Map(Object.entries(world.program?.marks.tables ?? {})).get(key);
    const mark = index === undefined ? null : markOf(index, world.markMask);
    const uses = usedBy(draft, (flow) => tableOf(flow).some((text) => keyOf(resolve(text)) === key));
    return [
      {
        ...table,
        mark: mark === null ? null : hex(mark),
        routes: routesIn(world, table.number),
        usedBy: uses,
        inForce: inForce.some((one) => keyOf(one) === key),
        health: health(world, table, mark, uses.length > 0),
      },
    ];
  });
}

const keyOf = ({ name, number }: Named): string => (number === null ? name : String(number));

const tableOf = ({ policy }: Flow): string[] => (policy?.action === "table" ? [policy.table] : []);

export const tablesOf = (config: Config): string[] => flowsOf(config).flatMap(tableOf);

export function numberOf(text: string, known: World["reading"]["tables"]): number | null {
  const parsed = parseTable(text);
  if ("error" in parsed) return null;
  return "number" in parsed.ok
    ? parsed.ok.number
    : (new Map(Object.entries(known)).get(parsed.ok.name) ?? null);
}

/** Tables of this machine that a flow could name: not those of our directors. */
function withRoutes({ reading }: World): Named[] {
  const names = new Map(Object.entries(reading.tables).map(([name, number]) => [number, name]));
  return Object.keys(reading.routesIn)
    .map(Number)
    .filter((number) => number !== LOCAL && (number < OUR_TABLES.first || number > OUR_TABLES.last))
    .map((number) => ({ name: names.get(number) ?? String(number), number }));
}

function routesIn({ reading }: World, number: number | null): RoutingTable["routes"] {
  return (number === null ? null : reading.routesIn[number]) ?? { ip: 0, ip6: 0 };
}

function health(world: World, { name, number }: Named, mark: number | null, used: boolean): HealthLine[] {
  if (number === null) {
    const text = `this machine knows no routing table called ${name}: write its number, or add the name to /etc/iproute2/rt_tables`;
    return [{ what: "number", state: "error", text }];
  }
  return [
    markLine(world, mark, used),
    ...(mark === null ? [] : ipRuleLines(world, mark)),
    routesLine(world, number, mark),
    ...(used || mark !== null
      ? sourceCheckLines(world.reading.eaten.filter(({ table }) => table === number))
      : []),
  ];
}

function markLine(world: World, mark: number | null, used: boolean): HealthLine {
  const what = "mark";
  if (mark === null) {
    return {
      what,
      state: "off",
      text: used ? "gets its mark at the next apply" : "no flow uses it, so it needs no mark",
    };
  }
  if (familiesOf(world, mark).length > 0)
    return { what, state: "ok", text: `packets of its flows get mark ${hex(mark)}` };
  return {
    what,
    state: "off",
    text: `keeps mark ${hex(mark)}; no flow that is applied and on sends packets to it`,
  };
}

/** An empty table decides nothing: the kernel asks the next `ip rule`. */
function routesLine(world: World, number: number, mark: number | null): HealthLine {
  const what = "table";
  const { ip, ip6 } = routesIn(world, number);
  if (ip + ip6 === 0) {
    const text = `table ${number} is empty, so its packets go by the next ip rule: ip route add default via ADDRESS table ${number}`;
    return { what, state: "warning", text };
  }
  const families = mark === null ? [] : familiesOf(world, mark);
  const empty = families.filter((family) => (family === "ip" ? ip : ip6) === 0);
  const [first] = empty;
  const text = `table ${number} holds ${count(ip, "IPv4 route")} and ${count(ip6, "IPv6 route")}`;
  if (!first) return { what, state: "ok", text };
  return {
    what,
    state: "warning",
    text: `${text}, so ${PROTOCOL[first]} packets of its flows go by the next ip rule`,
  };
}

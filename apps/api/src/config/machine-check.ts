/**
 * What only the machine can say of a config: interfaces and tables that are not there. Nothing of this keeps a
 * draft from being stored, since a config is often written before its interface exists; a table name that the
 * machine cannot resolve blocks the apply, because the compiler would have no number for it.
 */
import { type FamilyName, familiesOf, rulesOf } from "@flowmgr/flow-compiler";
import {
  type Conditions,
  type Config,
  type Diagnostic,
  type Expect,
  expandLists,
  type Flow,
  familiesOf as familiesAllowed,
  type Item,
  parseTable,
} from "@flowmgr/flow-model";
import type { Reading } from "@flowmgr/kernel";
import { droppedBySource } from "../paths/source-check.ts";
import { PROTOCOL } from "../paths/world.ts";
import { checkWithoutSets } from "./sets-check.ts";

export type Machine = {
  interfaces: string[];
  /** Names from rt_tables. */
  tables: { [name: string]: number };
  /** The families that flows judge here. */
  judged: FamilyName[];
  /** Whether long lists can be sets (ipset). */
  sets: boolean;
} & Pick<Reading, "routesIn" | "eaten">;

/** Warnings and errors with paths, in the order of the config; the same array as long as config and machine are the same. */
export function checkMachine(config: Config, machine: Machine): readonly Diagnostic[] {
  const { ofItems, ofConfigs } = saidOn(machine);
  const told = ofConfigs.get(config);
  if (told) return told;
  const found: Diagnostic[] = machine.sets ? [] : checkWithoutSets(config);
  for (const [index, item] of expandLists(config).items.entries()) {
    let known = ofItems.get(item);
    if (!known || (known.index !== index && known.said.length > 0)) {
      known = { index, said: checkItem(item, index, machine) };
      ofItems.set(item, known);
    }
    found.push(...known.said);
  }
  ofConfigs.set(config, found);
  return found;
}

function checkItem(item: Item, index: number, machine: Machine): Diagnostic[] {
  if (item.kind === "list") return [];
  if (item.kind === "expect") return checkExpectation(item, `/items/${index}`, machine);
  return [
    ...checkTable(item, `/items/${index}/policy`, machine),
    ...checkFamilies(item, index, machine),
    ...checkInterfaces(item, index, machine),
  ];
}

/** What a machine says of items, lists expanded, at their place, of configs, and of tables of configs in force. */
type Said = {
  ofConfigs: WeakMap<Config, readonly Diagnostic[]>;
  ofItems: WeakMap<Item, { index: number; said: Diagnostic[] }>;
  ofTables: WeakMap<Config, string[]>;
};

/** Items are values: of ten thousand an edit asks about one, as long as the machine is the same. */
let remembered: { machine: string; said: Said } | null = null;

function saidOn({ interfaces, tables, judged, sets, routesIn, eaten }: Machine): Said {
  const machine = JSON.stringify([interfaces, tables, judged, sets, routesIn, eaten]);
  if (remembered?.machine !== machine) {
    const said = { ofConfigs: new WeakMap(), ofItems: new WeakMap(), ofTables: new WeakMap() };
    remembered = { machine, said };
  }
  return remembered.said;
}

/** The number of the table that a policy or a verdict names; null where it names none, or one that check refuses. */
function tableNamed(
  { action, path, ...flow }: { action: Flow["policy"] | Expect["verdict"]; path: string; flow?: string },
  machine: Machine,
): { name: string; number: number } | { error: Diagnostic } | null {
  if (action?.action !== "table") return null;
  const parsed = parseTable(action.table);
  // Check has said already what is wrong with it.
  if ("error" in parsed) return null;
  const table = parsed.ok;
  const number = "number" in table ? table.number : new Map(Object.entries(machine.tables)).get(table.name);
  if (number !== undefined) return { name: action.table, number };
  const known = Object.keys(machine.tables).filter((name) => "ok" in parseTable(name));
  return {
    error: {
      path,
      ...flow,
      code: "unknown-table",
      severity: "error",
      message: `the machine has no routing table called ${action.table}`,
      help: `known are ${list(known)}; write a number, or add the name to /etc/iproute2/rt_tables`,
    },
  };
}

/** A flow that is off keeps its table's mark, so its table has to have a number too. */
function checkTable(flow: Flow, path: string, machine: Machine): Diagnostic[] {
  const place = { path, flow: flow.name };
  const table = tableNamed({ action: flow.policy, ...place }, machine);
  if (!table) return [];
  if ("error" in table) return [table.error];
  if (flow.skipped) return [];
  return warningsOfTable(flow, table, machine).map((warning) => ({
    ...place,
    severity: "warning",
    ...warning,
  }));
}

/** An expectation cannot be judged without the number of its table. */
function checkExpectation(expect: Expect, path: string, machine: Machine): Diagnostic[] {
  const table = tableNamed({ action: expect.verdict, path: `${path}/verdict` }, machine);
  const unjudged: Diagnostic = {
    code: "ipv6-not-judged",
    severity: "warning",
    message: "this speaks of IPv6 packets only, and IPv6 is not judged here",
    help: "it is held against the flows all the same; packets follow once IPv6 is switched on (--ipv6 on)",
    path,
  };
  const families = familiesAllowed(expect);
  return [
    ...(table && "error" in table ? [table.error] : []),
    ...(families.includes(4) || machine.judged.includes("ip6") ? [] : [unjudged]),
    ...unknownInterfaces(expect.conditions, path, "no packet comes by it as long as it is away", machine),
  ];
}

type Warning = Pick<Diagnostic, "code" | "message" | "help">;

/** The codes of `warningsOfTable`. */
const OF_TABLES: ReadonlySet<string> = new Set(["empty-table", "source-check"]);

function warningsOfTable(flow: Flow, table: { name: string; number: number }, machine: Machine): Warning[] {
  const { name, number } = table;
  const routes = machine.routesIn[number] ?? { ip: 0, ip6: 0 };
  const used = familiesOf(flow).filter((family) => machine.judged.includes(family));
  const isEmpty = routes.ip + routes.ip6 === 0;
  const lacking = used.filter((family) => routes[family] === 0);
  const empty = lacking.slice(0, isEmpty ? 1 : 2).map((family): Warning => {
    const what = isEmpty
      ? "is empty, so its"
      : `has no ${PROTOCOL[family]} route, so its ${PROTOCOL[family]}`;
    const command = family === "ip" ? "ip route" : "ip -6 route";
    return {
      code: "empty-table",
      message: `the routing table ${name} ${what} packets go by the next ip rule`,
      help: `add a route: ${command} add default via ADDRESS table ${number}`,
    };
  });
  const dropped = machine.eaten
    .filter((one) => one.table === number && used.includes("ip"))
    .map((one): Warning => ({ code: "source-check", ...droppedBySource(one) }));
  return [...empty, ...dropped];
}

/** What an operator should know of the tables that a config in force names, as sentences, each once. */
export function tableWarnings(config: Config, machine: Machine): string[] {
  const { ofTables } = saidOn(machine);
  let told = ofTables.get(config);
  if (!told) {
    const warnings = checkMachine(config, machine).filter(
      ({ code, severity }) => severity === "warning" && OF_TABLES.has(code),
    );
    told = [...new Set(warnings.map(({ message, help }) => `${message}: ${help}`))];
    ofTables.set(config, told);
  }
  return told;
}

/** What is written for IPv6 is right, and without effect where IPv6 is not judged. */
function checkFamilies(flow: Flow, index: number, machine: Machine): Diagnostic[] {
  if (flow.skipped || machine.judged.includes("ip6")) return [];
  const judged = rulesOf(flow, "ip");
  return rulesOf(flow, "ip6").flatMap((rule): Diagnostic[] => {
    if (judged.includes(rule)) return [];
    return [
      {
        code: "ipv6-not-judged",
        severity: "warning",
        message: "only IPv6 packets can meet this rule, and IPv6 is not judged here",
        help: "it waits until IPv6 is switched on (--ipv6 on) on a machine that has it",
        path: `/items/${index}/rules/${rule - 1}`,
        flow: flow.name,
        rule,
      },
    ];
  });
}

function checkInterfaces(flow: Flow, index: number, machine: Machine): Diagnostic[] {
  if (flow.skipped) return [];
  return flow.rules.flatMap(({ off, conditions }, number) => {
    if (off) return [];
    const path = `/items/${index}/rules/${number}`;
    return unknownInterfaces(conditions, path, "the rule waits for it", machine).map((warning) => ({
      ...warning,
      flow: flow.name,
      rule: number + 1,
    }));
  });
}

function unknownInterfaces(
  { iface }: Conditions,
  path: string,
  meaning: string,
  machine: Machine,
): Diagnostic[] {
  return (iface?.values ?? []).flatMap((name, position): Diagnostic[] => {
    // A wildcard is for interfaces that come and go.
    if (name.endsWith("+") || machine.interfaces.includes(name)) return [];
    return [
      {
        code: "unknown-interface",
        severity: "warning",
        message: `there is no interface ${name} now`,
        help: `${meaning}; here are ${list(machine.interfaces)}`,
        path: `${path}/conditions/iface/values/${position}`,
      },
    ];
  });
}

/** At most so many names in a sentence. */
const NAMED = 8;

function list(names: string[]): string {
  if (names.length === 0) return "none";
  return names.length > NAMED ? `${names.slice(0, NAMED).join(", ")} and more` : names.join(", ");
}

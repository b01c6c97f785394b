/** Interfaces of the machine, and those that the draft names though they are not there. */
import type { HealthLine, Interface } from "@flowmgr/flow-api";
import { type Config, type Flow, flowsOf } from "@flowmgr/flow-model";
import type { Link, Reading } from "@flowmgr/kernel";
import { sourceCheckLines } from "./source-check.ts";
import { numberOf, tablesOf } from "./tables.ts";
import { isOn, some, type World } from "./world.ts";

/** Those of the machine in its order, then what else the draft names. */
export function interfaces(world: World): Interface[] {
  const {
    draft,
    reading: { links },
  } = world;
  const eaten = eatenOf(world);
  const names = new Set([...links.map(({ name }) => name), ...namedIn(draft)]);
  return [...names].map((name): Interface => {
    const fitting = links.filter((link) => covers(name, link.name));
    const addresses = fitting.flatMap((link) => link.addresses);
    return {
      name,
      there: fitting.length > 0,
      up: fitting.some(({ up }) => up),
      addresses,
      usedBy: usersOf(draft, name),
      health: [
        ...health(name, fitting, addresses),
        ...sourceCheckLines(eaten.filter(({ iface }) => covers(name, iface))),
      ],
    };
  });
}

/** What the check of sources drops of the tables that draft and kernel use. */
function eatenOf({ draft, program, reading }: World): Reading["eaten"] {
  const used = new Set([
    ...tablesOf(draft).map((text) => numberOf(text, reading.tables)),
    ...(program?.ip.ipRules.map(({ table }) => table) ?? []),
  ]);
  return reading.eaten.filter(({ table }) => used.has(table));
}

/** Does the name in a condition, `eth0` or `eth+`, hold for this interface? */
function covers(asked: string, name: string): boolean {
  return asked.endsWith("+") ? name.startsWith(asked.slice(0, -1)) : asked === name;
}

function namedIn(config: Config): string[] {
  return flowsOf(config).flatMap(({ rules }) =>
    rules.flatMap(({ conditions }) => conditions.iface?.values ?? []),
  );
}

/** By its name or by a wildcard that fits it. A flow uses it in earnest when a rule does that is on. */
function usersOf(config: Config, name: string): Interface["usedBy"] {
  const asks = ({ conditions }: Flow["rules"][number]) =>
    conditions.iface?.values.some((value) => value === name || covers(value, name)) ?? false;
  return flowsOf(config).flatMap((flow) => {
    const rules = flow.rules.filter(asks);
    return rules.length === 0 ? [] : [{ flow: flow.name, on: isOn(flow) && rules.some(({ off }) => !off) }];
  });
}

function health(name: string, fitting: Link[], addresses: string[]): HealthLine[] {
  const isWildcard = name.endsWith("+");
  if (fitting.length === 0) {
    const text = isWildcard
      ? `no interface fits ${name} now; rules that name it wait for one`
      : `there is no interface ${name} now; rules that name it wait for it`;
    return [{ what: "interface", state: "warning", text }];
  }
  const there = isWildcard ? `fits ${some(fitting.map((link) => link.name))}` : "is there";
  return [
    { what: "interface", state: "ok", text: there },
    linkLine(fitting),
    {
      what: "addresses",
      state: "ok",
      text: addresses.length === 0 ? "has no address" : `has ${some(addresses)}`,
    },
  ];
}

function linkLine(fitting: Link[]): HealthLine {
  const what = "link";
  const down = fitting.filter(({ up }) => !up).map(({ name }) => name);
  if (down.length > 0) {
    return {
      what,
      state: "warning",
      text: `${some(down)} ${down.length === 1 ? "is" : "are"} down: ip link set ${down[0]} up`,
    };
  }
  const idle = fitting.filter(({ carrier }) => !carrier).map(({ name }) => name);
  if (idle.length > 0) {
    return {
      what,
      state: "warning",
      text: `${some(idle)} ${idle.length === 1 ? "is" : "are"} up, but nothing answers at the other end`,
    };
  }
  return { what, state: "ok", text: "is up" };
}

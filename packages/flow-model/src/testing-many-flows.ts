/** A big config that looks like a busy load balancer's: the same for the same size, on every machine. */
import {
  type Action,
  type Condition,
  type Conditions,
  type Config,
  EMPTY_CONFIG,
  type Flow,
  type Rule,
} from "./schema.ts";

/**
 * `count` flows, about 1.4 rules each: of ten, six direct a service's ports to its director (one in both families),
 * two deny networks, one permits an administrator's network to ssh, one routes by a table; at the end stands a
 * flow that denies the rest. One in twenty is switched off.
 */
export function manyFlows(count: number): Config {
  if (count <= 0) return EMPTY_CONFIG;
  const flows = Array.from({ length: count - 1 }, (_, index) => flowAt(index));
  const rest = flow("alltherest", { action: "deny" }, [match({})]);
  return { items: [...flows, rest], comment: [] };
}

function flowAt(index: number): Flow {
  const made = KINDS[index % KINDS.length]?.(index) ?? direct(index);
  return { ...made, skipped: index % 20 === 19, comment: index % 50 === 0 ? [`site ${index / 50 + 1}`] : [] };
}

const KINDS: readonly ((index: number) => Flow)[] = [
  direct,
  direct,
  deny,
  direct,
  directBoth,
  permit,
  direct,
  deny,
  direct,
  route,
];

function direct(index: number): Flow {
  const rules = [25, 110, 143]
    .slice(0, 1 + (index % 2))
    .map((port) => match({ proto: is("tcp"), dst: is(virtual(index)), dstport: is(String(port)) }));
  return flow(`service-${index}`, { action: "director", director: `lb${index % 200}` }, rules);
}

function directBoth(index: number): Flow {
  const ports = { proto: is("tcp"), dstport: is("443") };
  const rules = [
    match({ ...ports, dst: is(virtual(index)) }),
    match({ ...ports, dst: is(`2001:db8:${index.toString(16)}::1`) }),
  ];
  return flow(`service-${index}`, { action: "director", director: `lb${index % 200}` }, rules);
}

function deny(index: number): Flow {
  return flow(`bad-${index}`, { action: "deny" }, [match({ src: is(`${client(index)}.0/24`) })]);
}

function permit(index: number): Flow {
  return flow(`ssh-${index}`, { action: "permit" }, [
    ignore({ src: not(`${client(index)}.0/24`) }),
    match({ proto: is("tcp"), dst: is(virtual(index)), dstport: is("22") }),
  ]);
}

function route(index: number): Flow {
  const conditions = {
    iface: is("eth+"),
    proto: is("udp"),
    src: is(`${client(index)}.7`),
    dstport: is("1024:2047"),
  };
  return flow(`route-${index}`, { action: "table", table: String(100 + (index % 50)) }, [match(conditions)]);
}

const virtual = (index: number) => `172.${16 + ((index >> 16) & 15)}.${(index >> 8) & 255}.${index & 255}`;
const client = (index: number) => `10.${(index >> 8) & 255}.${index & 255}`;
const is = (value: string): Condition => ({ not: false, values: [value] });
const not = (value: string): Condition => ({ not: true, values: [value] });
const match = (conditions: Conditions): Rule => ({
  verb: "match",
  off: false,
  comment: [],
  note: "",
  conditions,
});
const ignore = (conditions: Conditions): Rule => ({ ...match(conditions), verb: "ignore" });

function flow(name: string, policy: Action, rules: Rule[]): Flow {
  return { kind: "flow", name, policy, skipped: false, comment: [], note: "", rules };
}

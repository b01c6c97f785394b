/** A config that uses every word of the language, as large as one likes: the same for form and for text. */
import type { Action, Condition, Conditions, Config, Flow, List, Rule } from "@flowmgr/flow-model";

const is = (...values: string[]): Condition => ({ not: false, values });
const not = (...values: string[]): Condition => ({ not: true, values });

export const LISTS: List[] = [
  list("office", ["192.168.0.0/24", "10.1.0.0/16"]),
  list("branches", ["@office", "10.2.0.0/16", "2001:db8:2::/48"]),
  list("mail", ["25", "110", "143", "993:995"]),
];

function list(name: string, values: string[]): List {
  return { kind: "list", name, values, comment: [], note: "" };
}

/** Conditions of every kind, alone and together, negated, with lists in braces and by name. */
const CONDITIONS: ((index: number) => Conditions)[] = [
  (i) => ({ proto: is("tcp"), dst: is(address(i)), dstport: is("22") }),
  (i) => ({ proto: is("tcp", "udp"), src: is("@office"), dst: is(address(i)) }),
  (i) => ({ src: not("@office", "172.16.0.0/12"), dst: is(address(i), address(i + 1)) }),
  (i) => ({ proto: is("tcp"), dst: is(address(i)), dstport: is("@mail", "587", String(2000 + i)) }),
  (i) => ({ iface: is("eth0", "eth1"), proto: is("udp"), dst: is(address(i)), srcport: is("1024:65535") }),
  (i) => ({ iface: not("eth0", "lo"), dst: is(address(i)) }),
  (i) => ({ proto: is("icmp"), dst: is(address(i)), icmptype: is("echo-request", "3/4") }),
  () => ({ proto: is("icmp6"), icmptype: not("128", "129") }),
  (i) => ({ proto: not("tcp", "gre"), dst: is(address(i)) }),
  (i) => ({ dst: is(address(i)), state: is("established", "related") }),
  (i) => ({ src: is("2001:db8:1::/48", `2001:db8::${i.toString(16)}`), dstport: not("22", "80:90") }),
  (i) => ({ src: is("@branches"), proto: is("sctp"), srcport: is(String(1 + i)), dstport: is("@mail") }),
  (i) => ({ proto: is("vrrp", "112", "esp"), dst: is(address(i)), state: not("invalid") }),
  () => ({}),
];

function address(index: number): string {
  return `10.${(index >> 8) % 256}.${index % 256}.1`;
}

const POLICIES: Action[] = [
  { action: "permit" },
  { action: "deny" },
  { action: "director", director: "maildirect" },
  { action: "table", table: "100" },
  { action: "director", director: "web.example" },
];

function conditionsAt(index: number): Conditions {
  return CONDITIONS[index % CONDITIONS.length]?.(index) ?? {};
}

function rule(index: number, last: boolean): Rule {
  const conditions = conditionsAt(index);
  // A director's established connections go to it as well, or the rule is warned of.
  const ignores = !last && index % 3 === 0;
  const note = index % 7 === 0 ? `note ${index}` : "";
  return { verb: ignores ? "ignore" : "match", off: index % 11 === 0, comment: [], note, conditions };
}

function flow(index: number): Flow {
  const kind = index % 6 === 5 ? "outflow" : "flow";
  const given = POLICIES[index % POLICIES.length] ?? { action: "permit" };
  const policy: Action = kind === "outflow" && given.action === "director" ? { action: "deny" } : given;
  const count = 1 + (index % 3);
  const rules = Array.from({ length: count }, (_, at) => rule(index * 3 + at, at === count - 1));
  const comment = index % 10 === 0 ? [`flow number ${index}`] : [];
  const name = `${kind}-${String(index).padStart(3, "0")}`;
  return { kind, name, policy, skipped: index % 13 === 12, comment, note: "", rules };
}

/** Lists first, then this many flows. */
export function wholeConfig(flows: number): Config {
  return { items: [...LISTS, ...Array.from({ length: flows }, (_, index) => flow(index))], comment: [] };
}

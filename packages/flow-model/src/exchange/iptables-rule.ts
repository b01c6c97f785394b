/** An iptables rule's words as conditions of the language, and where it sends its packets. */
import type { Family } from "../family.ts";
import type { Conditions } from "../schema.ts";
import { canonicalAddress, conjunction, networksBetween } from "./conjunction.ts";

export type ReadRule = {
  conditions: Conditions;
  /** The comment that stands in the rule. */
  note: string;
  /** `-j` or `-g` and what it names; null for a rule that only counts. */
  target: string | null;
  goto: boolean;
  /** Words behind the target. */
  options: string[];
  /** Why the rule cannot be said; null when it can. */
  unsaid: string | null;
};

export type Direction = "in" | "out";

/** One option with its value; gives its conditions, or why there are none. */
type Option = (value: string, not: boolean, family: Family) => Conditions | string;

const addresses =
  (kind: "src" | "dst"): Option =>
  (value, not, family) => {
    const values = value.split(",").map(canonicalAddress);
    const other = values.find((one) => one.includes(":") !== (family === 6));
    return other === undefined ? { [kind]: { not, values } } : `${other} is no IPv${family} address`;
  };

const range =
  (kind: "src" | "dst"): Option =>
  (value, not, family) => {
    const [low = "", high = low] = value.split("-");
    const values = networksBetween(low, high, family);
    return values ? { [kind]: { not, values } } : `${value} is not a range of addresses`;
  };

const ports =
  (kind: "srcport" | "dstport"): Option =>
  (value, not) => ({ [kind]: { not, values: value.split(",") } });

const icmptype: Option = (value, not) => ({ icmptype: { not, values: [value] } });

const states: Option = (value, not) => {
  const values = value.toLowerCase().split(",");
  const known = ["new", "established", "related", "invalid", "untracked"];
  const other = values.find((one) => !known.includes(one));
  return other === undefined
    ? { state: { not, values } }
    : `the state ${other.toUpperCase()} has no word here`;
};

const protocol: Option = (value, not) => {
  if (value === "all" || value === "0") return not ? "no packet has no protocol" : {};
  return { proto: { not, values: [PROTOCOL_WORDS.get(value) ?? value] } };
};

/** Names that /etc/protocols and iptables have, and the language has not, or uses for another number. */
const PROTOCOL_WORDS: ReadonlyMap<string, string> = new Map([
  ["ipv6-icmp", "icmp6"],
  ["icmpv6", "icmp6"],
  ["igmp", "2"],
  ["ipencap", "ipip"],
  ["dccp", "33"],
  ["ipv6", "41"],
  ["ospf", "89"],
  ["ipip", "94"],
  ["etherip", "97"],
  ["pim", "103"],
  ["ipcomp", "108"],
  ["l2tp", "115"],
  ["udplite", "136"],
]);

const OPTIONS: ReadonlyMap<string, Option> = new Map([
  ...["-s", "--source", "--src"].map((word) => [word, addresses("src")] as const),
  ...["-d", "--destination", "--dst"].map((word) => [word, addresses("dst")] as const),
  ...["-p", "--protocol", "--proto"].map((word) => [word, protocol] as const),
  ...["--sport", "--source-port", "--sports", "--source-ports"].map(
    (word) => [word, ports("srcport")] as const,
  ),
  ...["--dport", "--destination-port", "--dports", "--destination-ports"].map(
    (word) => [word, ports("dstport")] as const,
  ),
  ...["--icmp-type", "--icmpv6-type"].map((word) => [word, icmptype] as const),
  ...["--ctstate", "--state"].map((word) => [word, states] as const),
  ["--src-range", range("src")],
  ["--dst-range", range("dst")],
]);

/** What a set holds stands nowhere in the text. */
const SETS =
  "what the set holds is not told by iptables: write its networks (ipset save) as a list, and the rule with @LIST";

const MODULES: ReadonlySet<string> = new Set([
  "tcp",
  "udp",
  "sctp",
  "icmp",
  "icmp6",
  "icmpv6",
  "multiport",
  "comment",
  "conntrack",
  "state",
  "iprange",
]);

const INTERFACES: Readonly<Record<Direction, readonly string[]>> = {
  in: ["-i", "--in-interface"],
  out: ["-o", "--out-interface"],
};

/** iptables-restore takes no more in a line (MAX_ARGC of xtables' parser). */
const MOST_WORDS = 255;

/** Reads the words behind `-A CHAIN`. Values are not judged: `check` does that. */
export function readRule(words: readonly string[], family: Family, direction: Direction): ReadRule {
  const rule: ReadRule = { conditions: {}, note: "", target: null, goto: false, options: [], unsaid: null };
  const refuse = (reason: string) => {
    rule.unsaid ??= reason;
  };
  if (words.length > MOST_WORDS) return { ...rule, unsaid: `it has more than ${MOST_WORDS} words` };
  let not = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "!") {
      not = true;
      continue;
    }
    if (word === "-j" || word === "-g" || word === "--jump" || word === "--goto") {
      rule.goto = word === "-g" || word === "--goto";
      rule.target = words[at + 1] ?? null;
      rule.options = words.slice(at + 2);
      break;
    }
    if (word === "-c") {
      // Packets and bytes.
      at += 2;
      continue;
    }
    let value = words[at + 1] ?? "";
    if (value === "!") {
      not = !not;
      at += 1;
      value = words[at + 1] ?? "";
    }
    if (word === "-m" || word === "--match") {
      if (value === "set") refuse(SETS);
      else if (!MODULES.has(value)) refuse(`the match ${value} has no word here`);
    } else if (word === "--comment") rule.note = value.replace(/[\p{Cc}]/gu, " ").trim();
    else {
      const option = INTERFACES[direction].includes(word) ? interfaces : OPTIONS.get(word);
      const said = option ? option(value, not, family) : `${word} has no word here`;
      if (typeof said === "string") refuse(said);
      else add(rule, said, family, refuse);
      // An unknown option has no value, or one that is no option.
      if (!option && (value.startsWith("-") || value === "")) at -= 1;
    }
    not = false;
    at += 1;
  }
  return rule;
}

const interfaces: Option = (value, not) => (value === "+" && !not ? {} : { iface: { not, values: [value] } });

function add(rule: ReadRule, said: Conditions, family: Family, refuse: (reason: string) => void): void {
  const joined = conjunction(rule.conditions, said, family);
  if (joined === "never") refuse("its conditions exclude each other");
  else if (joined === "unsayable") refuse("its conditions cannot be joined into one");
  else rule.conditions = joined.ok;
}

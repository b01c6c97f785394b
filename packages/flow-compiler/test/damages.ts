/** What can go wrong with a program: each is noticed, by packets that run through it and by the proof. */
import type { NetworkSet, Program } from "../src/index.ts";

export type Damage = (program: Program) => Program;

/** Changes the words of every rule; null takes the rule out. */
function reworded(change: (words: string, chain: string) => string | null): Damage {
  return (program) => {
    const family = (one: Program["ip"]) => ({
      ...one,
      chains: one.chains.map(({ name, rules }) => ({
        name,
        rules: rules.flatMap((rule) => {
          const words = change(rule.words, name);
          return words === null ? [] : [{ ...rule, words }];
        }),
      })),
    });
    return { ...program, ip: family(program.ip), ip6: program.ip6 && family(program.ip6) };
  };
}

const drop = (pattern: RegExp): Damage => reworded((words) => (pattern.test(words) ? null : words));
const swap = (from: string | RegExp, to: string): Damage => reworded((words) => words.replace(from, to));
const inMain = (change: (words: string) => string | null): Damage =>
  reworded((words, chain) => (/^(OUT)?FLOWS/.test(chain) ? change(words) : words));

/** Each hook leads to the other's main chain, with interfaces asked for on the way in. */
function exchanged(family: Program["ip"]): Program["ip"] {
  const other = (name: string) => (name.startsWith("OUT") ? name.slice(3) : `OUT${name}`);
  const turned = (words: string) => words.replace(/(OUT)?FLOWS\S*/, other);
  return { ...family, hooks: family.hooks.map((hook) => ({ ...hook, words: turned(hook.words) })) };
}

const shortened = (set: NetworkSet): NetworkSet => ({ ...set, networks: set.networks.slice(1) });

export const DAMAGES: [string, Damage][] = [
  ["the guard of lo is gone", inMain((words) => (/^-i lo -[jg] (RETURN|FLOWS)/.test(words) ? null : words))],
  [
    "the guard of lo is gone in outflows",
    inMain((words) => (/^-o lo -[jg] (R|O)/.test(words) ? null : words)),
  ],
  ["outflows are visited by what comes in", (program) => ({ ...program, ip: exchanged(program.ip) })],
  [
    "a guard of neighbour discovery is gone",
    inMain((words) => (/icmpv6-type 135 -[jg] (R|F)/.test(words) ? null : words)),
  ],
  ["spared packets meet the ordinary jumps", inMain((words) => words.replace("-g ", "-j "))],
  ["spared packets are let through", inMain((words) => words.replace("RETURN", "ACCEPT"))],
  ["permit drops", swap("-j ACCEPT", "-j DROP")],
  ["deny accepts", swap("-j DROP", "-j ACCEPT")],
  ["ignore goes on in its flow", drop(/-j RETURN$/)],
  ["a negation is lost", swap("! -s", "-s")],
  ["a negation of an interface is lost", swap("! -i", "-i")],
  ["a negated port is lost", swap("! --dport", "--dport")],
  ["a port is one off", swap("--dport 22 ", "--dport 23 ")],
  ["udp is forgotten", drop(/-p udp -m udp/)],
  ["sctp is forgotten", drop(/-p sctp -m sctp/)],
  ["a network is too wide", swap(/-d 10\.1\.0\.0\/16/, "-d 10.0.0.0/14")],
  ["a jump is guarded by one rule alone", inMain((words) => words.replace(/^(?=-j @)/, "-p tcp "))],
  ["a value of a list is forgotten", drop(/^-s 10\.1\.2\.3\/32 /)],
  ["a negated range is lost", swap("! --src-range", "--src-range")],
  ["a second negated range is forgotten", swap(/(! --dst-range \S+) -m iprange ! --dst-range \S+/, "$1")],
  ["a stretch of the address space is forgotten", drop(/-m iprange --src-range/)],
  ["a second multiport is forgotten", drop(/--dports [3-9][0-9][,:]/)],
  ["a multiport range loses its end", swap(/(--dports \S*?):65535/, "$1:65534")],
  ["a state is forgotten", swap(/--ctstate NEW,/, "--ctstate ")],
  ["a negated state is lost", swap("! --ctstate", "--ctstate")],
  ["an excluded type is let in", swap(/ -m icmp ! --icmp-type 8\b/, "")],
  [
    "a class of a negated list stays with the others",
    reworded((words) => (/^-[io] \S+ -g @@/.test(words) ? null : words)),
  ],
  [
    "a class of a negated list leaves",
    reworded((words) => words.replace(/^(-[io] eth0) -g @@\S+$/, "$1 -j RETURN")),
  ],
  [
    "a protocol of a negated list stays with the others",
    reworded((words) => (/^-p \S+ -g @@/.test(words) ? null : words)),
  ],
  [
    "a type of a negated list stays with the others",
    reworded((words) => (/^-p icmp .* -[gj] (@@|RETURN$)/.test(words) ? null : words)),
  ],
  ["the mark is not set", drop(/-j MARK/)],
  [
    "the mark takes all bits",
    swap(/\/0x[0-9a-f]+ -j ACCEPT|(?<=--set-xmark 0x[0-9a-f]+)\/0x[0-9a-f]+/, "/0xffffffff"),
  ],
  ["an ICMP error is forgotten", drop(/-p icmp -m icmp --icmp-type 11/)],
  ["an ICMPv6 error is forgotten", drop(/--icmpv6-type [1-4] /)],
  ["foreign bits reach IPVS", reworded((words, chain) => (chain === "DIRECTORS" ? null : words))],
  [
    "flows are visited in the opposite order",
    (program) => {
      const turned = program.ip.chains.map((one) =>
        one.name === "FLOWS" ? { ...one, rules: [...one.rules].reverse() } : one,
      );
      return { ...program, ip: { ...program.ip, chains: turned } };
    },
  ],
  [
    "a class chain holds the rules of the whole flow",
    (program) => {
      const whole = program.ip.chains.find(({ name }) => /^@f/.test(name))?.name ?? "";
      return reworded((words) => words.replace(/-j @@\S+$/, `-j ${whole}`))({ ...program, ip6: null });
    },
  ],
  ["a negated set is not", swap("! --match-set", "--match-set")],
  ["a set is looked up for the other address", swap(/(--match-set \S+) src/, "$1 dst")],
  ["a set lacks a network", (program) => ({ ...program, sets: program.sets?.map(shortened) ?? [] })],
  ["routes are missing", (program) => ({ ...program, ip: { ...program.ip, routes: [] } })],
  ["ip rules are missing", (program) => ({ ...program, ip: { ...program.ip, ipRules: [] } })],
];

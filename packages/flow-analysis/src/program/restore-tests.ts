/** What a rule of a restore text asks of a packet: the match words of iptables, each with its meaning. */
import {
  BITS,
  type Family,
  icmpProtocol,
  parseAddress,
  parsePorts,
  rangeOf,
  STATES,
} from "@flowmgr/flow-model";
import { type Addresses, addressesOf } from "../space/addresses.ts";
import { type Intervals, unionOf } from "../space/intervals.ts";
import { LEVEL } from "../space/levels.ts";
import type { Sets } from "./restore-sets.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** What is asked of one field. */
type Asked =
  | { of: "address"; level: 0 | 1; inside: Addresses }
  | { of: "interface"; side: "in" | "out"; pattern: string }
  | { of: "number"; level: number; inside: Intervals }
  | { of: "mark"; value: number; mask: number }
  /** Is there a socket for it? No packet can be told by it here. */
  | { of: "socket" };

/** `not`: that it is otherwise. */
export type Test = Asked & { not: boolean };

function refuse(what: string): never {
  throw new UnreadableProgram(what);
}

/** Names that every iptables knows by itself; all other protocols stand there as numbers. */
const PROTOCOLS = new Map([
  ["icmp", 1],
  ["tcp", 6],
  ["udp", 17],
  ["esp", 50],
  ["ah", 51],
  ["ipv6-icmp", 58],
  ["sctp", 132],
]);

/** Slots of a multiport match; a range takes two. */
const MULTIPORTS = 15;

function protocol(value: string): Asked {
  const number = PROTOCOLS.get(value) ?? (/^[1-9]\d{0,2}$/.test(value) ? Number(value) : 0);
  if (number < 1 || number > 255) refuse(`the protocol ${value} is not known`);
  return { of: "number", level: LEVEL.proto, inside: [number, number] };
}

const network =
  (level: 0 | 1) =>
  (value: string, family: Family): Asked => {
    const address = parseAddress(value);
    if ("error" in address || address.ok.family !== family) return refuse(`${value} is no network here`);
    return { of: "address", level, inside: addressesOf([rangeOf(address.ok)], family) };
  };

const addresses =
  (level: 0 | 1) =>
  (value: string, family: Family): Asked => {
    const [low, high, ...more] = value.split("-").map((end) => bitsOf(end, family));
    if (low === undefined || high === undefined || more.length > 0 || low > high) {
      return refuse(`${value} is no range of addresses`);
    }
    return { of: "address", level, inside: addressesOf([{ low, high }], family) };
  };

function bitsOf(text: string, family: Family): bigint {
  const address = parseAddress(text);
  if ("error" in address || address.ok.family !== family || address.ok.prefix !== BITS[family]) {
    return refuse(`${text} is no address here`);
  }
  return address.ok.bits;
}

const onInterface =
  (side: "in" | "out") =>
  (pattern: string): Asked => ({ of: "interface", side, pattern });

const port =
  (level: number) =>
  (value: string): Asked => ({ of: "number", level, inside: portsIn(value) });

function portsIn(value: string): [number, number] {
  const ports = parsePorts(value);
  if ("error" in ports) return refuse(`${value} are no ports`);
  return [ports.ok.low, ports.ok.high];
}

const ports =
  (level: number) =>
  (value: string): Asked => {
    const ranges = value.split(",");
    const slots = ranges.length + ranges.filter((one) => one.includes(":")).length;
    if (slots > MULTIPORTS) refuse(`${value} are more than ${MULTIPORTS} ports`);
    return { of: "number", level, inside: unionOf(ranges.map(portsIn)) };
  };

const icmpType =
  (highest: number) =>
  (value: string): Asked => {
    const [, type = "", code] = /^(\d+)(?:\/(\d+))?$/.exec(value) ?? [];
    // IPv4's 255 means any type to iptables.
    if (type === "" || Number(type) > highest || Number(code ?? 0) > 255) refuse(`${value} is no ICMP type`);
    const first = Number(type) * 256 + Number(code ?? 0);
    return { of: "number", level: LEVEL.icmp, inside: [first, code === undefined ? first + 255 : first] };
  };

function ctstate(value: string): Asked {
  const places = value.split(",").map((name) => STATES.findIndex((state) => state.toUpperCase() === name));
  if (places.includes(-1)) refuse(`${value} are no states of conntrack`);
  return { of: "number", level: LEVEL.state, inside: unionOf(places.map((place) => [place, place])) };
}

function mark(value: string): Asked {
  const [, wanted, mask] = /^(0x[0-9a-f]{1,8})\/(0x[0-9a-f]{1,8})$/.exec(value) ?? [];
  if (wanted === undefined) refuse(`${value} is no mark`);
  return { of: "mark", value: Number(wanted), mask: Number(mask) };
}

type Word = {
  /** The modules (`-m`) that know the word; none for iptables' own. */
  of?: readonly string[];
  /** null: says nothing of the packet. */
  read: (value: string, family: Family, sets: Sets) => Asked | null;
};

/** The name of a set, and which of the two addresses is looked up. */
function matchSet(value: string, _family: Family, sets: Sets): Asked {
  const [name = "", side] = value.split(" ");
  const inside = sets.get(name);
  if (!inside) return refuse(`there is no set ${name}`);
  if (side !== "src" && side !== "dst") return refuse(`${side} is no address of a packet`);
  return { of: "address", level: side === "src" ? LEVEL.src : LEVEL.dst, inside };
}

const PORTED = ["tcp", "udp", "sctp"];

/** Every word that a program may hold. Whoever teaches the compiler another one gives it its meaning here. */
const WORDS: { [word: string]: Word } = {
  "-s": { read: network(LEVEL.src) },
  "-d": { read: network(LEVEL.dst) },
  "-i": { read: onInterface("in") },
  "-o": { read: onInterface("out") },
  "-p": { read: protocol },
  "--src-range": { of: ["iprange"], read: addresses(LEVEL.src) },
  "--dst-range": { of: ["iprange"], read: addresses(LEVEL.dst) },
  "--sport": { of: PORTED, read: port(LEVEL.srcport) },
  "--dport": { of: PORTED, read: port(LEVEL.dstport) },
  "--sports": { of: ["multiport"], read: ports(LEVEL.srcport) },
  "--dports": { of: ["multiport"], read: ports(LEVEL.dstport) },
  "--icmp-type": { of: ["icmp"], read: icmpType(254) },
  "--icmpv6-type": { of: ["icmp6"], read: icmpType(255) },
  "--ctstate": { of: ["conntrack"], read: ctstate },
  "--match-set": { of: ["set"], read: matchSet },
  "--mark": { of: ["mark"], read: mark },
  "--comment": { of: ["comment"], read: () => null },
};

/** Which protocol a module wants beside it, `-p` not negated: iptables refuses it otherwise. */
const WANTS: { [module: string]: (number: number, family: Family) => boolean } = {
  tcp: (number) => number === 6,
  udp: (number) => number === 17,
  sctp: (number) => number === 132,
  multiport: (number) => number === 6 || number === 17 || number === 132,
  icmp: (number, family) => family === 4 && number === icmpProtocol(4),
  icmp6: (number, family) => family === 6 && number === icmpProtocol(6),
};

const OTHER_MODULES = ["iprange", "conntrack", "comment", "mark", "set"];

/** What a text is read with: the sets that it may name, and tests by their words, each read once. */
export type Reading = { sets: Sets; tests: Map<string, Test | null> };

/** What the match words in front of a target ask. Throws UnreadableProgram. */
export function readTests(asks: string, family: Family, reading: Reading): Test[] {
  const tests: Test[] = [];
  const tokens = asks === "" ? [] : asks.split(" ");
  let module = "";
  for (let at = 0; at < tokens.length; at += 2) {
    const not = tokens[at] === "!";
    if (not) at += 1;
    const word = tokens[at] ?? "";
    let value = tokens[at + 1] ?? "";
    if (word === "--match-set") {
      // The one word with two values.
      value += ` ${tokens[at + 2]}`;
      at += 1;
    }
    if (word === "-m" && value === "socket" && !not) {
      tests.push({ of: "socket", not });
      continue;
    }
    if (word === "-m") {
      if (not) refuse("a module cannot be negated");
      module = knownModule(value, tests, family);
      continue;
    }
    const meaning = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (!meaning) return refuse(`the word ${word} is not known`);
    if (meaning.of && !meaning.of.includes(module)) refuse(`${word} belongs to no module before it`);
    const test = readTest(meaning, { word, value, not }, family, reading);
    if (test) tests.push(test);
  }
  return tests;
}

function readTest(
  meaning: Word,
  { word, value, not }: { word: string; value: string; not: boolean },
  family: Family,
  { sets, tests }: Reading,
): Test | null {
  const key = not ? `! ${word} ${value}` : `${word} ${value}`;
  let test = tests.get(key);
  if (test === undefined) {
    const asked = meaning.read(value, family, sets);
    if (!asked && not) refuse(`${word} cannot be negated`);
    test = asked && { ...asked, not };
    tests.set(key, test);
  }
  return test;
}

function knownModule(name: string, tests: readonly Test[], family: Family): string {
  const wants = Object.hasOwn(WANTS, name) ? WANTS[name] : undefined;
  if (!wants && !OTHER_MODULES.includes(name)) refuse(`the module ${name} is not known`);
  const numbers = tests.flatMap((test) =>
    test.of === "number" && test.level === LEVEL.proto && !test.not ? (test.inside[0] ?? 0) : [],
  );
  if (wants && !numbers.some((number) => wants(number, family))) {
    refuse(`the module ${name} stands without its protocol`);
  }
  return name;
}

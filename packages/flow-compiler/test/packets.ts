/**
 * A small kernel for tests: runs one packet through a compiled family, word by word, as iptables would. It knows
 * only the words that the compiler writes and throws at any other, so a new word cannot pass unnoticed.
 */
import {
  containsAddress,
  interfaceMatches,
  type Packet,
  parseAddress,
  parsePorts,
} from "@flowmgr/flow-model";
import type { FamilyProgram, Hook, NetworkSet, Source } from "../src/index.ts";
import { protocolWord } from "../src/normalise.ts";

export type Passage = {
  verdict: "ACCEPT" | "DROP" | "undecided";
  /** The rules whose counters went up, in order. */
  counted: Source[];
  /** The packet's mark behind it, unsigned. */
  mark: number;
};

/** What happens to a packet with this mark in the chains behind one of our hooks, which may refer to these sets. */
export function pass(
  program: FamilyProgram,
  hook: Hook["chain"],
  packet: Packet,
  mark: number,
  sets: readonly NetworkSet[] = [],
): Passage {
  const passage: Passage = { verdict: "undecided", counted: [], mark };
  const chains = new Map(program.chains.map(({ name, rules }) => [name, rules]));
  const walk = (name: string): boolean => {
    const rules = chains.get(name);
    if (!rules) throw new Error(`no chain ${name}`);
    for (const { words, source, counts } of rules) {
      const rule = readRule(words);
      if (!rule.tests.every((one) => holdsFor(one, packet, passage.mark, sets))) continue;
      if (counts && source) passage.counted.push(source);
      if (rule.option === "-g") return walk(rule.target);
      if (rule.target === "RETURN") return false;
      if (rule.target === "ACCEPT" || rule.target === "DROP") {
        passage.verdict = rule.target;
        return true;
      }
      if (rule.target === "MARK") passage.mark = setXmark(passage.mark, rule.rest);
      else if (walk(rule.target)) return true;
    }
    return false;
  };
  for (const { words } of program.hooks.filter(({ chain }) => chain === hook))
    if (walk(readRule(words).target)) break;
  return passage;
}

type Test = { option: string; value: string; not: boolean };

type ReadRule = { tests: Test[]; option: "-j" | "-g"; target: string; rest: string[] };

const read = new Map<string, ReadRule>();

function readRule(words: string): ReadRule {
  const known = read.get(words);
  if (known) return known;
  const tokens = words.split(" ");
  const at = tokens.findIndex((token) => token === "-j" || token === "-g");
  const tests: Test[] = [];
  for (let i = 0; i < at; i += 2) {
    const not = tokens[i] === "!";
    if (not) i += 1;
    const [option = "", value = ""] = [tokens[i], tokens[i + 1]];
    if (option !== "--match-set") tests.push({ option, value, not });
    else {
      tests.push({ option: `--match-set ${tokens[i + 2]}`, value, not });
      i += 1;
    }
  }
  const rule: ReadRule = {
    tests,
    option: tokens[at] === "-g" ? "-g" : "-j",
    target: tokens[at + 1] ?? "",
    rest: tokens.slice(at + 2),
  };
  read.set(words, rule);
  return rule;
}

function holdsFor(
  { option, value, not }: Test,
  packet: Packet,
  mark: number,
  sets: readonly NetworkSet[],
): boolean {
  const answer = option.startsWith("--match-set")
    ? inSet(value, option.endsWith("src") ? packet.src : packet.dst, sets)
    : asks(option, value, packet, mark);
  // A module that does not apply to the packet fails, "!" or not.
  return answer !== null && answer !== not;
}

function asks(option: string, value: string, packet: Packet, mark: number): boolean | null {
  switch (option) {
    case "-s":
      return inNetwork(value, packet.src);
    case "-d":
      return inNetwork(value, packet.dst);
    case "-i":
    case "-o":
      // A packet that leaves came in by nothing, and the other way round.
      return interfaceMatches(value, (option === "-i") === (packet.direction === "in") ? packet.iface : "");
    case "--src-range":
      return inAddressRange(value, packet.src);
    case "--dst-range":
      return inAddressRange(value, packet.dst);
    case "--sports":
      return inRanges(value, packet.srcport);
    case "--dports":
      return inRanges(value, packet.dstport);
    case "--ctstate":
      return value.split(",").includes((packet.state ?? "new").toUpperCase());
    case "-p":
      return protocolWord(packet.proto) === value;
    case "-m":
      return true;
    case "--comment":
      return true;
    case "--sport":
      return inRange(value, packet.srcport);
    case "--dport":
      return inRange(value, packet.dstport);
    case "--icmp-type":
    case "--icmpv6-type":
      return isType(value, packet);
    case "--mark": {
      const [wanted, mask] = value.split("/").map(Number);
      return (mark & (mask ?? 0)) >>> 0 === wanted;
    }
    default:
      throw new Error(`the compiler wrote a word that is not known here: ${option} ${value}`);
  }
}

function inNetwork(text: string, address: bigint): boolean {
  const network = parseAddress(text);
  if ("error" in network) throw new Error(network.error.message);
  return containsAddress(network.ok, address);
}

function inSet(name: string, address: bigint, sets: readonly NetworkSet[]): boolean {
  const set = sets.find((one) => one.name === name);
  if (!set) throw new Error(`no set ${name}`);
  return set.networks.some((network) => inNetwork(network, address));
}

function inAddressRange(text: string, address: bigint): boolean {
  const [low, high] = text.split("-").map((end) => {
    const parsed = parseAddress(end);
    if ("error" in parsed) throw new Error(parsed.error.message);
    return parsed.ok.bits;
  });
  if (low === undefined || high === undefined || low > high) throw new Error(`not a range: ${text}`);
  return low <= address && address <= high;
}

/** One multiport match: 15 slots, of which a range takes two. */
function inRanges(text: string, port: number | undefined): boolean | null {
  const ranges = text.split(",");
  if (ranges.length + ranges.filter((one) => one.includes(":")).length > 15)
    throw new Error(`too many: ${text}`);
  return port === undefined ? null : ranges.some((one) => inRange(one, port));
}

function inRange(text: string, port: number | undefined): boolean | null {
  const ports = parsePorts(text);
  if ("error" in ports) throw new Error(ports.error.message);
  return port === undefined ? null : ports.ok.low <= port && port <= ports.ok.high;
}

function isType(text: string, { icmp }: Packet): boolean | null {
  const [type, code] = text.split("/").map(Number);
  return icmp ? icmp.type === type && (code === undefined || icmp.code === code) : null;
}

/** `--set-xmark VALUE/MASK`: zero the bits under the mask, then XOR the value. */
function setXmark(mark: number, [option, value = ""]: string[]): number {
  if (option !== "--set-xmark") throw new Error(`MARK with ${option}`);
  const [set = 0, mask = 0] = value.split("/").map(Number);
  return ((mark & ~mask) ^ set) >>> 0;
}

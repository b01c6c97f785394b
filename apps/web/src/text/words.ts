/** Each keyword in one line, for completion and for the pointer that rests on it. */
import type { Place } from "./grammar.ts";

/** What a keyword means at its place; null for a word that is none. */
export function helpFor(word: string, place: Place): string | null {
  const known = place === "verdict" && Object.hasOwn(DIRECTIONS, word) ? DIRECTIONS : WORD_HELP;
  return Object.hasOwn(known, word) ? (known[word] ?? null) : null;
}

/** Behind `expect`. */
const DIRECTIONS: { [word: string]: string } = {
  flow: "The expectation speaks of incoming packets, as it does without a word.",
  outflow: "The expectation speaks of packets that this machine itself sends.",
};

const WORD_HELP: { [word: string]: string } = {
  flow: "Begins a flow: a name, a policy, then rules. Packets visit the flows in order.",
  outflow: "Begins an outflow: it judges packets that this machine itself sends.",
  list: "Begins a named list of addresses or ports, in braces. Rules name it as @NAME.",
  expect:
    "States what must be true: every packet that the conditions describe gets this verdict. It changes nothing; one that fails stops an apply.",
  undecided: "No flow decides the packets: they go on untouched.",
  permit: "Lets the packet through; no later flow sees it.",
  deny: "Drops the packet.",
  director: "Hands the packet to the named LVS director.",
  table: "Routes the packet by the named or numbered routing table.",
  skip: "Keeps the flow in the config, switched off. May be followed by the policy that it switches off.",
  off: "Switches one rule off.",
  match: "When all conditions hold, the flow's policy decides the packet.",
  ignore: "When all conditions hold, the packet leaves this flow and goes on to the next one.",
  not: "Negates the condition behind it.",
  iface:
    "The interface that the packet came in by (outflow: leaves by). A trailing + stands for any ending: eth+",
  proto: "The protocol by name (tcp, udp, icmp, icmp6, ...) or number, 1 to 255.",
  src: "Where the packet comes from: an address or a network, 192.168.0.0/24, several in braces, or a list, @office",
  dst: "Where the packet goes to: an address or a network, 192.168.0.1, several in braces, or a list, @office",
  srcport:
    "The port that it comes from, one, a range low:high, or several in braces. Only tcp, udp and sctp have ports.",
  dstport:
    "The port that it goes to, one, a range low:high, or several in braces. Only tcp, udp and sctp have ports.",
  state: "What connection tracking says: new, established, related, invalid or untracked.",
  icmptype: "The ICMP type: a number, type/code, or a name such as echo-request.",
};

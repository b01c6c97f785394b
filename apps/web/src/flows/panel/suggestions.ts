import type { Status } from "@flowmgr/flow-api";
import { type ConditionKind, ICMP_NAMES, PROTOCOLS, type Rule } from "@flowmgr/flow-model";
import type { Suggestion } from "../../ui/suggest.tsx";

/** Ports that people know by name; any number may be typed. */
const PORTS: [port: string, name: string][] = [
  ["22", "ssh"],
  ["25", "smtp"],
  ["53", "dns"],
  ["80", "http"],
  ["110", "pop3"],
  ["123", "ntp"],
  ["143", "imap"],
  ["443", "https"],
  ["465", "smtps"],
  ["587", "submission"],
  ["993", "imaps"],
  ["995", "pop3s"],
];

/** Likely values of a condition: what the machine has, and the names of the language. */
export function suggestionsFor(kind: ConditionKind, rule: Rule, status: Status | undefined): Suggestion[] {
  switch (kind) {
    case "iface":
      return (status?.interfaces ?? []).map((value) => ({ value }));
    case "proto":
      return PROTOCOLS.map(({ name, number, title }) => ({ value: name, detail: `${number} ${title}` }));
    case "srcport":
    case "dstport":
      return PORTS.map(([value, detail]) => ({ value, detail }));
    case "icmptype": {
      const family = rule.conditions.proto?.values.includes("icmp6") ? 6 : 4;
      return ICMP_NAMES[family].map(([value, type, code]) => ({
        value,
        detail: code === undefined ? String(type) : `${type}/${code}`,
      }));
    }
    default:
      return [];
  }
}

export function directorSuggestions(status: Status | undefined): Suggestion[] {
  return (status?.directors ?? []).map(({ name, mark }) => ({ value: name, detail: `mark ${mark}` }));
}

export function tableSuggestions(status: Status | undefined): Suggestion[] {
  return (status?.tables ?? []).map(({ name, number }) => ({ value: name, detail: String(number) }));
}

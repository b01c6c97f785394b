import type { Status } from "@flowmgr/flow-api";
import {
  type ConditionKind,
  type Config,
  flowsOf,
  ICMP_NAMES,
  listKindOf,
  listKinds,
  listNamed,
  listsOf,
  PROTOCOLS,
  parseTable,
} from "@flowmgr/flow-model";
import { counted } from "../ui/say.ts";
import type { Suggestion } from "../ui/suggest.tsx";

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

/** The states of connection tracking, and what each takes. */
const STATES: [state: string, what: string][] = [
  ["new", "begins a connection"],
  ["established", "belongs to one that was answered"],
  ["related", "begins one that another announced, or an error of one"],
  ["invalid", "belongs to none that is known"],
  ["untracked", "kept from tracking"],
];

/**
 * Likely values of a condition: what the machine has, the names of the language, what the draft says elsewhere.
 * `protocols` are those that its rule names: they say whose ICMP types are meant.
 */
export function suggestionsFor(
  kind: ConditionKind,
  protocols: readonly string[],
  config: Config,
  status: Status | undefined,
): Suggestion[] {
  switch (kind) {
    case "iface":
      return (status?.interfaces ?? []).map((value) => ({ value }));
    case "proto":
      return PROTOCOLS.map(({ name, number, title }) => ({ value: name, detail: `${number} ${title}` }));
    case "src":
    case "dst":
      return [...listSuggestions(config, kind), ...usedAddresses(config)];
    case "srcport":
    case "dstport":
      return [...listSuggestions(config, kind), ...PORTS.map(([value, detail]) => ({ value, detail }))];
    case "icmptype": {
      const family = protocols.includes("icmp6") ? 6 : 4;
      return ICMP_NAMES[family].map(([value, type, code]) => ({
        value,
        detail: code === undefined ? String(type) : `${type}/${code}`,
      }));
    }
    case "state":
      return STATES.map(([value, detail]) => ({ value, detail }));
  }
}

/** The named lists that the condition may name, with their size. */
function listSuggestions(config: Config, kind: ConditionKind): Suggestion[] {
  const kinds = listKinds(config);
  return listsOf(config)
    .filter(({ name }) => kinds.get(name) === listKindOf(kind))
    .map(({ name, values }) => ({ value: `@${name}`, detail: counted(values.length, "value") }));
}

const addresses = new WeakMap<Config, Suggestion[]>();

/** Addresses that rules of the draft name, the most used first. */
function usedAddresses(config: Config): Suggestion[] {
  const known = addresses.get(config);
  if (known) return known;
  const uses = new Map<string, number>();
  for (const { rules } of flowsOf(config)) {
    for (const { conditions } of rules) {
      for (const value of [...(conditions.src?.values ?? []), ...(conditions.dst?.values ?? [])]) {
        if (value !== "" && listNamed(value) === null) uses.set(value, (uses.get(value) ?? 0) + 1);
      }
    }
  }
  const found = [...uses]
    .sort(([, one], [, other]) => other - one)
    .map(([value, count]) => ({ value, detail: counted(count, "use") }));
  addresses.set(config, found);
  return found;
}

export function directorSuggestions(status: Status | undefined): Suggestion[] {
  return (status?.directors ?? []).map(({ name, mark }) => ({ value: name, detail: `mark ${mark}` }));
}

/** Those that a policy may name: every machine has `local` and `unspec` too, which lead nowhere. */
export function tableSuggestions(status: Pick<Status, "tables"> | undefined): Suggestion[] {
  return (status?.tables ?? [])
    .filter(({ name }) => "ok" in parseTable(name))
    .map(({ name, number }) => ({ value: name, detail: String(number) }));
}

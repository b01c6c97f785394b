/** A set of packets as the conditions of one rule: edited as a rule is, read from its text, told as text. */
import {
  type Conditions,
  type Config,
  type Diagnostic,
  type Flow,
  type Packet,
  parse,
  printBits,
  printRule,
  protocolName,
  type Rule,
} from "@flowmgr/flow-model";
import { problemsOf } from "./typing.ts";

/** The rule that stands for the set where rules are edited. */
export function ruleOf(conditions: Conditions): Rule {
  return { verb: "match", off: false, comment: [], note: "", conditions };
}

/** `proto tcp dst 192.168.0.2 dstport 25`; "" for every packet. */
export function textOf(conditions: Conditions): string {
  return printRule(ruleOf(conditions)).replace(/^match ?/, "");
}

export type ReadSet = { conditions: Conditions; diagnostics: Diagnostic[] };

/** The conditions that a text spells, as far as it could be read, and what is wrong with it; paths begin with the rule. */
export function readSet(text: string, kind: Flow["kind"], config: Config): ReadSet {
  const read = parse(`${kind} typed permit match ${text.replaceAll(/[#\n]/g, " ")}`);
  const [item, ...more] = read.config.items;
  const rules = item && item.kind !== "list" && item.kind !== "expect" ? item.rules : [];
  const conditions = rules[0]?.conditions ?? {};
  if (read.diagnostics.length > 0) return { conditions, diagnostics: read.diagnostics };
  if (more.length > 0 || rules.length !== 1) return { conditions, diagnostics: [ONE_RULE] };
  return { conditions, diagnostics: problemsOf(ruleOf(conditions), kind, config) };
}

const ONE_RULE: Diagnostic = {
  code: "one-rule",
  severity: "error",
  message: "these are the conditions of more than one rule",
  help: "write those of one, such as src 10.0.0.0/8 dstport 25",
};

/** The conditions that this packet alone fulfils, of those that say what its state is not. */
export function conditionsOf(packet: Packet): Conditions {
  const { family, iface, proto, src, dst, srcport, dstport, icmp, state } = packet;
  const one = (value: string) => ({ not: false, values: [value] });
  return {
    iface: one(iface),
    proto: one(protocolName(proto)),
    src: one(printBits(family, src)),
    ...(srcport === undefined ? {} : { srcport: one(String(srcport)) }),
    dst: one(printBits(family, dst)),
    ...(dstport === undefined ? {} : { dstport: one(String(dstport)) }),
    ...(icmp ? { icmptype: one(`${icmp.type}/${icmp.code}`) } : {}),
    ...(state ? { state: one(state) } : {}),
  };
}

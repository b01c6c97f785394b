/** What the analysis found, as diagnostics: the one place that words it, for the server, the list and the text. */
import {
  type Config,
  type Diagnostic,
  type Edit,
  edit,
  editAll,
  type Fix,
  type Flow,
  flowsOf,
  keyOf,
  printPacket,
} from "@flowmgr/flow-model";
import type { DeadRule } from "./dead-rule.ts";
import type { ExpectationResult } from "./expectations.ts";
import type { RuleName } from "./space/rules.ts";
import { toldDeciders, toldRule } from "./told.ts";
import { decide } from "./trace.ts";
import type { TraceOptions } from "./walk.ts";

export type Found = {
  dead: readonly DeadRule[];
  expectations?: readonly ExpectationResult[];
};

/** The codes of the diagnostics that `findingsOf` gives; no other has them. */
export const FINDING_CODES: ReadonlySet<string> = new Set([
  "covered-by-one",
  "covered-together",
  "no-effect",
  "expectation-fails",
  "expectation-open",
]);

/**
 * Flows that are visited to see whether a move would help, for all dead rules together: about 1 s. Each gets a look
 * in a config of usual size; among ten thousand flows the first twenty do.
 */
const VISITS = 200_000;

/**
 * A warning for each rule that could go and an error for each expectation that fails, each with its `path`, who is to
 * blame, a packet that shows it, and mends as edits of `config`, which is the one that was judged. Sorted as found.
 */
export function findingsOf(
  config: Config,
  { dead, expectations = [] }: Found,
  options: TraceOptions = {},
): Diagnostic[] {
  const flows = flowsOf(config);
  const byName = new Map(flows.map((flow) => [flow.name, flow]));
  const indices = new Map(config.items.map((item, index) => [item, index]));
  let looks = Math.max(20, Math.floor(VISITS / Math.max(1, flows.length)));
  const ofRules = dead.flatMap((one) => {
    const flow = byName.get(one.flow);
    const index = flow && indices.get(flow);
    if (!flow || index === undefined || one.rule === null) return [];
    looks -= 1;
    const move = looks >= 0 && one.reason !== "no-effect" ? moveOf(config, flow, one, options) : null;
    return [ofDeadRule(one, one.rule, flow, `/items/${index}/rules/${one.rule - 1}`, move)];
  });
  return [...ofRules, ...expectations.flatMap((one) => ofExpectation(config, one))];
}

function ofDeadRule(
  { flow, reason, by, packet }: DeadRule,
  rule: number,
  { rules }: Flow,
  path: string,
  move: Fix | null,
): Diagnostic {
  const only = rules.length === 1;
  const remove: Fix = only
    ? { label: `Remove flow ${flow}`, edits: [{ do: "remove", name: flow }] }
    : { label: `Remove rule ${rule}`, edits: [{ do: "remove-rule", flow, number: rule }] };
  const fixes = move ? [remove, move] : [remove];
  return {
    code: reason,
    severity: "warning",
    message: `rule ${rule} ${whyDead(reason, by, flow)}`,
    help: fixes.map(({ label }) => label.charAt(0).toLowerCase() + label.slice(1)).join(", or "),
    path,
    flow,
    rule,
    fixes,
    by,
    packet: printPacket(packet),
  };
}

function whyDead(reason: DeadRule["reason"], by: readonly RuleName[], flow: string): string {
  const who = by.map((one) => named(one, flow));
  if (reason === "no-effect") {
    if (who.length === 0) return "has no effect: its packets meet the same verdict without it";
    return `has no effect: ${listed(who)} ${who.length === 1 ? "gives" : "give"} its packets the same verdict`;
  }
  if (who.length === 0) return "never acts: no packet comes to it";
  return `never acts: ${listed(who)} ${who.length === 1 ? "takes" : "take"} all of its packets first`;
}

/** "mail, rule 1"; "rule 1" of the flow that is spoken of. */
function named(one: RuleName, own: string): string {
  return one.flow === own && one.rule !== null ? `rule ${one.rule}` : toldRule(one);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join("; ")} and ${words.at(-1)}`;
}

/** A move with which the rule takes its packet and gives it another verdict; null where no simple one does. */
function moveOf(
  config: Config,
  flow: Flow,
  { rule, by, packet }: DeadRule,
  options: TraceOptions,
): Fix | null {
  if (rule === null) return null;
  const now = decide(config, packet, options);
  const inside =
    by.find((one) => one.flow === flow.name && one.rule !== null && one.rule < rule)?.rule ?? null;
  const fix = inside === null ? moveFlow(flow.name, now.flow) : moveRule(flow.name, rule, inside);
  if (!fix) return null;
  const edited = editAll(config, fix.edits);
  if ("error" in edited) return null;
  // What one flow says of a packet a later rule of it may say as well.
  const number = fix.position ?? rule;
  const without = edit(edited.config, { do: "switch-rule", flow: flow.name, number, on: false });
  if ("error" in without) return null;
  const [moved, lacking] = [edited.config, without.config].map((one) => decide(one, packet, options).verdict);
  return JSON.stringify(moved) === JSON.stringify(lacking) ? null : { label: fix.label, edits: fix.edits };
}

/** `position`: where the rule is then in its flow; null where it stays. */
type Move = { label: string; edits: Edit[]; position: number | null };

function moveRule(flow: string, number: number, position: number): Move {
  return {
    label: `Move rule ${number} before rule ${position}`,
    edits: [{ do: "move-rule", flow, number, position }],
    position,
  };
}

function moveFlow(name: string, before: string | null): Move | null {
  if (before === null || before === name) return null;
  return { label: `Move ${name} before ${before}`, edits: [{ do: "move", name, before }], position: null };
}

/** Of an expectation that is named: a list may make it long. */
const LONGEST_NAME = 80;

function ofExpectation(
  { items }: Config,
  { index, status, packet, decision }: ExpectationResult,
): Diagnostic[] {
  const item = items[index];
  if (status === "holds" || item === undefined) return [];
  const text = keyOf(item);
  const name = text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 3)}...` : text;
  const path = `/items/${index}`;
  if (status === "open") {
    const message = `"${name}" could neither be proven nor refuted in time`;
    const help = "make what it says narrower, or check again";
    return [{ code: "expectation-open", severity: "error", message, help, path }];
  }
  const by = decision?.flow ? [{ flow: decision.flow, rule: decision.rule }] : [];
  const line = packet ? printPacket(packet) : "a packet of it";
  const what = decision
    ? toldDeciders({ verdict: decision.verdict, by, others: 0 })
    : "given another verdict";
  return [
    {
      code: "expectation-fails",
      severity: "error",
      message: `"${name}" does not hold: ${line} is ${what}`,
      help: "change the flows, or what is expected",
      path,
      by,
      ...(packet ? { packet: line } : {}),
    },
  ];
}

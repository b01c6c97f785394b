/** The tester, for real: the packet is sent, and the rules in force count it. */
import { sampleOf } from "@flowmgr/flow-analysis";
import { type Sent, sendBodySchema, sentSchema, type Trace } from "@flowmgr/flow-api";
import type { Program, Source } from "@flowmgr/flow-compiler";
import { type Config, flowsOf, type Packet, parsePacket, STATES } from "@flowmgr/flow-model";
import { firstState, KernelError, NoPerl, type Sender } from "@flowmgr/kernel";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { Problem } from "../problem.ts";
import { sentSentence } from "./send-words.ts";
import { badPacket, traceOf } from "./trace-routes.ts";

type SendParts = Pick<Parts, "engine" | "sender" | "settings" | "db">;

export function registerSend(app: Api, parts: SendParts): void {
  let busy = false;
  app.post(
    "/trace/send",
    {
      schema: {
        tags: ["trace"],
        summary: "Sends the packet in the private namespace: which rule in force counts it",
        body: sendBodySchema,
        response: { 200: sentSchema },
      },
    },
    async ({ body }) => {
      const { sender } = parts;
      if (sender === null) throw refusal.realNetwork();
      const packet = parsePacket(body.packet);
      if ("error" in packet) throw badPacket(packet.error);
      const asked = withState(packet.ok);
      if (busy) throw refusal.busy();
      busy = true;
      try {
        return await parts.engine.inTurn((held) => send(parts, sender, held, asked));
      } catch (error) {
        if (error instanceof NoPerl) throw refusal.noPerl();
        if (error instanceof KernelError) throw refusal.notSent(error.said);
        throw error;
      } finally {
        busy = false;
      }
    },
  );
}

/** In turn with applies, so that the rules are the same from the first look at the counters to the last. */
async function send(
  parts: SendParts,
  sender: Sender,
  held: { revision: number; config: Config; program: Program } | null,
  packet: Packet,
): Promise<Sent> {
  if (held === null) throw refusal.nothingRunning();
  const { revision, config, program } = held;
  if (packet.family === 6 && program.ip6 === null) throw refusal.ipv6Off();
  const foretold = traceOf(parts, config, packet);
  const expected = countersOf(foretold);
  const judged = await sender.send(program, packet, hangsOnState(parts, config, packet));
  const counters = inOrder(config, judged.counted);
  const { fields, line } = sampleOf(packet);
  const same = judged.arrived && judged.apart !== "lost" && isSame(counters, expected);
  const sent = {
    packet: fields,
    line,
    revision,
    foretold,
    where: judged.apart === null ? ("namespace" as const) : ("copy" as const),
    arrived: judged.arrived,
    counted: deciderOf(config, counters),
    counters,
    agrees: same,
  };
  return { ...sent, sentence: sentSentence(sent, expected, judged.apart) };
}

/** The packet with the state that the kernel gives it. Throws Problem 422 when another is asked for. */
function withState(packet: Packet): Packet {
  const first = firstState(packet);
  if (first === null) throw refusal.unknownState();
  const { state = first } = packet;
  if (state !== first) throw refusal.otherState(state, first);
  return { ...packet, state };
}

/** Would another state be counted elsewhere? The namespace may know the packet's connection from before. */
function hangsOnState(parts: SendParts, config: Config, packet: Packet): boolean {
  if (!flowsOf(config).some(({ rules }) => rules.some(({ conditions }) => conditions.state))) return false;
  const [first = [], ...others] = STATES.map((state) =>
    countersOf(traceOf(parts, config, { ...packet, state })),
  );
  return others.some((one) => !isSame(one, first));
}

/** The rules that ended a visit of the packet, in the order of the config. */
function countersOf({ steps }: Trace): Source[] {
  return steps.flatMap(({ flow, rule, holds }) => (holds ? [{ flow, rule }] : []));
}

function inOrder(config: Config, sources: readonly Source[]): Source[] {
  const place = new Map(flowsOf(config).map(({ name }, at) => [name, at]));
  const at = ({ flow }: Source) => place.get(flow) ?? 0;
  return [...sources].sort((a, b) => at(a) - at(b) || (a.rule ?? Infinity) - (b.rule ?? Infinity));
}

const isSame = (one: readonly Source[], other: readonly Source[]) =>
  one.length === other.length &&
  one.every(({ flow, rule }, at) => other[at]?.flow === flow && other[at].rule === rule);

/** Of the rules that counted it, the one that decided: the others let it go on. */
function deciderOf(config: Config, counters: readonly Source[]): Sent["counted"] {
  const flows = new Map(flowsOf(config).map((flow) => [flow.name, flow]));
  const decider = counters.find(
    ({ flow, rule }) => rule === null || flows.get(flow)?.rules[rule - 1]?.verb === "match",
  );
  return decider ? { ...decider, icmpErrors: decider.rule === null } : null;
}

const problem = (status: number, code: string, title: string, detail: string) =>
  new Problem({ status, code, title, detail });

const refusal = {
  realNetwork: () =>
    problem(
      409,
      "real-network",
      "Not into a real network",
      "Flows judge this machine's own network (--target host), and no packet of the tester is sent there. A server with --target namespace sends it.",
    ),
  nothingRunning: () =>
    problem(409, "nothing-running", "Nothing is running", "No config is in force yet: apply one first."),
  busy: () => problem(409, "busy", "Not now", "Another packet is being sent. Try again in a moment."),
  ipv6Off: () =>
    problem(
      422,
      "unsendable",
      "Cannot be sent",
      "IPv6 is not judged here: it is switched off (--ipv6 off), or the machine lacks it.",
    ),
  unknownState: () =>
    problem(
      422,
      "unsendable",
      "Cannot be sent",
      "Which state a packet of this protocol has depends on the kernel, so nothing can be said before it is sent.",
    ),
  otherState: (asked: string, first: string) =>
    problem(
      422,
      "unsendable",
      "Cannot be sent",
      `The kernel itself says which state a packet has, and this one, sent alone, is ${first}: ${asked} takes more than one packet. Leave the state out, or set it to ${first}.`,
    ),
  noPerl: () =>
    problem(
      501,
      "no-perl",
      "Cannot send here",
      "Packets are sent by perl, which this machine lacks: install perl-base.",
    ),
  notSent: (said: string) =>
    problem(502, "not-sent", "The packet could not be sent", `Nothing was changed. ${said}`),
};

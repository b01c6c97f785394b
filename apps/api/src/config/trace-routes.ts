/** The tester: which rule decides this packet, step by step. */

import { trace } from "@flowmgr/flow-analysis";
import { type Trace, traceBodySchema, traceSchema } from "@flowmgr/flow-api";
import { markOf } from "@flowmgr/flow-compiler";
import { type Config, type Packet, type PacketError, parsePacket } from "@flowmgr/flow-model";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { Problem } from "../problem.ts";
import { chosenConfig } from "./chosen.ts";

type TraceParts = Pick<Parts, "draft" | "engine" | "db" | "settings">;

export function registerTrace(app: Api, parts: TraceParts): void {
  app.post(
    "/trace",
    {
      schema: {
        tags: ["trace"],
        summary: "What becomes of a packet, step by step; nothing is sent",
        body: traceBodySchema,
        response: { 200: traceSchema },
      },
    },
    async ({ body }) => {
      const config = chosenConfig(parts, body);
      const packet = parsePacket(body.packet);
      if ("error" in packet) throw badPacket(packet.error);
      return traceOf(parts, config, packet.ok);
    },
  );
}

/** What becomes of a packet here, by this config. */
export function traceOf(parts: Omit<TraceParts, "draft">, config: Config, packet: Packet): Trace {
  const { loopback, neighbours } = parts.settings;
  const machine = parts.engine.state();
  if (packet.family === 6 && !machine.judged.includes("ip6")) return UNJUDGED;
  const tables = new Map(Object.entries(machine.tables));
  const traced = trace(config, packet, { loopback, neighbours, tables });
  return { ...traced, mark: markFor(parts, config, traced.verdict) };
}

/** What becomes of an IPv6 packet where none is judged, whatever the config says. */
const UNJUDGED: Trace = {
  verdict: { action: "undecided" },
  flow: null,
  rule: null,
  icmpErrors: false,
  mark: null,
  spared: "IPv6 is not judged here: it is switched off (--ipv6 off), or the machine lacks it",
  steps: [],
};

/** The 422 of fields that are no packet; they stand in `packet` of the body. */
export function badPacket({ code, message, help, field }: PacketError): Problem {
  return new Problem({
    status: 422,
    code: "bad-packet",
    title: "Not a packet",
    detail: `${message}; ${help}`,
    diagnostics: [{ code, severity: "error", message, help, path: `/packet/${field}` }],
  });
}

/** The mark that the kernel would set; null when none, or when no apply of this config could give one. */
function markFor(
  { engine, settings }: Pick<TraceParts, "engine" | "settings">,
  config: Config,
  verdict: Trace["verdict"],
): string | null {
  const { action, director, table } = verdict;
  if (action !== "director" && action !== "table") return null;
  try {
    const running = engine.running();
    const marks = running?.config === config ? running.marks : engine.marks(config);
    const marked = action === "director" ? marks.directors : marks.tables;
    const index = new Map(Object.entries(marked)).get(director ?? String(table));
    return index === undefined ? null : `0x${markOf(index, settings.markMask).toString(16)}`;
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

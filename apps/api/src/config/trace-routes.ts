/** The tester: which rule decides this packet, step by step. */

import { trace, UNJUDGED } from "@flowmgr/flow-analysis";
import { type Trace, traceBodySchema, traceSchema } from "@flowmgr/flow-api";
import { directorTable, type Marks, markOf } from "@flowmgr/flow-compiler";
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
  if (packet.family === 6 && !machine.judged.includes("ip6")) return { ...UNJUDGED, mark: null, route: null };
  const tables = new Map(Object.entries(machine.tables));
  const traced = trace(config, packet, { loopback, neighbours, tables });
  return { ...traced, ...wayOf(parts, config, traced.verdict) };
}

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

type Way = Pick<Trace, "mark" | "route">;

/** How the kernel would mark the packet, and where that leads; null each when nowhere, or when no apply could give a mark. */
function wayOf(
  { engine, settings }: Pick<TraceParts, "engine" | "settings">,
  config: Config,
  { action, director, table }: Trace["verdict"],
): Way {
  const { tables } = engine.state();
  const name = Object.entries(tables).find(([, number]) => number === table)?.[0] ?? null;
  const route = table === undefined ? null : { table, name };
  if (action !== "director" && action !== "table") return { mark: null, route };
  const index = indexFor(
    engine,
    config,
    action === "director" ? "directors" : "tables",
    director ?? String(table),
  );
  if (index === undefined) return { mark: null, route };
  return {
    mark: `0x${markOf(index, settings.markMask).toString(16)}`,
    route: action === "director" ? { table: directorTable(index), name: null } : route,
  };
}

function indexFor(
  engine: Parts["engine"],
  config: Config,
  kind: keyof Marks,
  name: string,
): number | undefined {
  try {
    const running = engine.running();
    const marks = running?.config === config ? running.marks : engine.marks(config);
    return new Map(Object.entries(marks[kind])).get(name);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

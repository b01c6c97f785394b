/** `GET /status`: the state of it all, and what forms need to know of the machine. */
import { hostname } from "node:os";
import { type Status, statusSchema } from "@flowmgr/flow-api";
import { directorTable, markOf } from "@flowmgr/flow-compiler";
import { changes, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import { tableWarnings } from "../config/machine-check.ts";
import type { Caller, Parts } from "../parts.ts";
import { droppedBySource } from "../paths/source-check.ts";
import { VERSION } from "../version.ts";

export async function registerStatus(app: Api, parts: Parts): Promise<void> {
  app.get(
    "/status",
    {
      schema: {
        tags: ["status"],
        summary: "State of it all; with verify=true the kernel is compared first",
        querystring: z.strictObject({
          verify: z.enum(["true", "false"]).default("false"),
        }),
        response: { 200: statusSchema },
      },
    },
    async (request) => {
      if (request.query.verify === "true") await parts.engine.verify();
      return statusOf(parts, request.caller);
    },
  );
}

function statusOf(parts: Parts, caller: Caller): Status {
  const { settings, kernel, engine } = parts;
  const {
    tables,
    routesIn: _routesIn,
    eaten: _eaten,
    judged: _judged,
    sets: _sets,
    ...state
  } = engine.state();
  return {
    version: VERSION,
    machine: hostname(),
    target: {
      kind: settings.target.kind,
      namespace: settings.target.kind === "namespace" ? settings.target.name : null,
    },
    backend: kernel.facts.backend,
    iptables: kernel.facts.iptables,
    ipv6: settings.ipv6 && kernel.facts.ip6tables !== null,
    spared: {
      loopback: settings.loopback === "spare",
      neighbours: settings.neighbours === "spare",
    },
    markMask: hex(settings.markMask),
    confirmWithin: settings.confirmWithin,
    ...state,
    warnings: [...state.warnings, ...pathWarnings(parts)],
    running: running(parts),
    draft: draft(parts),
    directors: directors(parts),
    tables: Object.entries(tables).map(([name, number]) => ({ name, number })),
    you: {
      name: caller.name,
      via: caller.via,
      indirect: caller.indirect,
      address: caller.address,
    },
  };
}

/** What on the machine keeps packets from going where the config in force sends them. */
function pathWarnings({ engine }: Parts): string[] {
  const inForce = engine.running();
  if (inForce === null) return [];
  const machine = engine.state();
  const directorTables = new Set(Object.values(inForce.marks.directors).map(directorTable));
  const dropped = machine.eaten.filter(({ table }) => directorTables.has(table)).map(droppedBySource);
  return [
    ...tableWarnings(inForce.config, machine),
    ...dropped.map(({ message, help }) => `${message}: ${help}`),
  ];
}

function running({ engine }: Parts): Status["running"] {
  const inForce = engine.running();
  if (!inForce) return null;
  const { revision, author, message, at } = inForce;
  return { revision, author, message, at };
}

function draft({ engine, draft }: Parts): Status["draft"] {
  const { etag, config, changedBy, changedAt } = draft.get();
  const before = engine.running()?.config ?? EMPTY_CONFIG;
  return {
    etag,
    changedBy,
    changedAt,
    changes: changes(before, config).changes.length,
  };
}

/** Those of the running config: their marks are in the kernel. */
function directors({ engine, settings }: Parts): Status["directors"] {
  const marks = engine.running()?.marks.directors ?? {};
  return Object.entries(marks).map(([name, index]) => ({
    name,
    mark: hex(markOf(index, settings.markMask)),
  }));
}

const hex = (number: number): string => `0x${number.toString(16)}`;

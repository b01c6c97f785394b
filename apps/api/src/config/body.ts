/** A config in a body: JSON or the flow language, with everything that is wrong with it. */
import {
  type Config,
  check,
  checkText,
  configSchema,
  type Diagnostic,
  EMPTY_CONFIG,
  type Places,
  sharing,
} from "@flowmgr/flow-model";
import type { FastifyRequest } from "fastify";
import type { Parts } from "../parts.ts";
import { Problem } from "../problem.ts";
import { readShape } from "../shape.ts";

export type ReadConfig = {
  /** What could be understood; whole when there are no errors. */
  config: Config;
  /** Errors and warnings of parser and check, with line and column for text, with a path for JSON. */
  diagnostics: Diagnostic[];
  /** Where each part stands in the text; absent for JSON. */
  places?: Places;
};

/** Reads the body of a request. Never throws for what is wrong with the config itself. `known`: as for `checkText`. */
export function readConfig(request: FastifyRequest, known: readonly Config[] = []): ReadConfig {
  if (typeof request.body === "string" && isText(request)) return checkText(request.body, known);
  const shape = readShape(configSchema, request.body);
  if ("diagnostics" in shape) return { config: EMPTY_CONFIG, diagnostics: shape.diagnostics };
  const config = known.reduce((shared, one) => sharing(one, shared), shape.value);
  return { config, diagnostics: check(config) };
}

function isText(request: FastifyRequest): boolean {
  return /^text\/plain\b/i.test(request.headers["content-type"] ?? "");
}

/** Throws Problem 422 with all diagnostics when one of them is an error. */
export function refuseErrors(diagnostics: Diagnostic[]): void {
  const errors = diagnostics.filter((one) => one.severity === "error");
  if (errors.length === 0) return;
  const [first] = errors;
  throw new Problem({
    status: 422,
    code: "invalid-config",
    title: errors.length === 1 ? "The config has an error" : `The config has ${errors.length} errors`,
    detail: `${place(first)}${first?.message ?? ""}`,
    diagnostics,
  });
}

function place(diagnostic: Diagnostic | undefined): string {
  if (diagnostic?.line) return `Line ${diagnostic.line}, column ${diagnostic.column}: `;
  return diagnostic?.path ? `${diagnostic.path}: ` : "";
}

/** What a config that comes in is likely to repeat: what is in force, and the draft. */
export function knownConfigs({ draft, engine }: Pick<Parts, "draft" | "engine">): Config[] {
  const running = engine.running();
  return [draft.get().config, ...(running ? [running.config] : [])];
}

/** A config in a body: JSON or the flow language, with everything that is wrong with it. */
import {
  type Config,
  check,
  checkText,
  configSchema,
  type Diagnostic,
  EMPTY_CONFIG,
  type Places,
} from "@flowmgr/flow-model";
import type { FastifyRequest } from "fastify";
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

/** Reads the body of a request. Never throws for what is wrong with the config itself. */
export function readConfig(request: FastifyRequest): ReadConfig {
  if (typeof request.body === "string" && isText(request)) return readText(request.body);
  const shape = readShape(configSchema, request.body);
  if ("diagnostics" in shape) return { config: EMPTY_CONFIG, diagnostics: shape.diagnostics };
  return { config: shape.value, diagnostics: check(shape.value) };
}

export function readText(text: string): ReadConfig {
  return checkText(text);
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

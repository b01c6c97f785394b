/** JSON that has not the shape that a schema wants, as diagnostics with JSON pointers. */
import { configSchema, type Diagnostic } from "@flowmgr/flow-model";
import type { FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { Problem } from "./problem.ts";

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** Who sends a million wrong fields learns no more from the rest; the language stops at as many. */
const MOST_DIAGNOSTICS = 1000;

/** The value in the long form, or what is wrong with it. */
export function readShape<T>(
  schema: z.ZodType<T>,
  input: unknown,
): { value: T } | { diagnostics: Diagnostic[] } {
  const read = schema.safeParse(input);
  if (read.success) return { value: read.data };
  // Not read.error: it would find words for every issue there is. Those within unions are put into words by the run.
  const result = schema._zod.run({ value: input, issues: [] }, { async: false, error: message });
  if (result instanceof Promise) throw new z.core.$ZodAsyncError();
  const issues = result.issues
    .slice(0, MOST_DIAGNOSTICS)
    .map((issue) => z.core.util.finalizeIssue(issue, { error: message }, z.core.config()));
  return { diagnostics: issues.flatMap((issue) => describe(issue, [], input)).slice(0, MOST_DIAGNOSTICS) };
}

/** Between message and help in the one string that zod carries. */
const SPLIT = "\n";

/** Words for the issues that people run into; zod's own for the rest. */
function message(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return `missing${SPLIT}give ${nameOf(issue.expected)} here`;
      return `${kindOf(issue.input)} cannot stand here${SPLIT}give ${nameOf(issue.expected)}`;
    case "invalid_value":
      if (issue.input === undefined) return `missing${SPLIT}give ${oneOf(issue.values)}`;
      return `${shown(issue.input)} is not known here${SPLIT}give ${oneOf(issue.values)}`;
    case "unrecognized_keys": {
      const known = knownFields(issue.inst);
      return `unknown field${known.length > 0 ? `${SPLIT}the fields here are ${known.join(", ")}` : ""}`;
    }
    case "invalid_union":
      return "this fits none of the forms that may stand here";
    default:
      return undefined;
  }
}

function knownFields(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function describe(issue: Issue, base: PropertyKey[], input: unknown): Diagnostic[] {
  const path = [...base, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    return nearest(issue.errors).flatMap((inner) => describe(inner, path, input));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .slice(0, MOST_DIAGNOSTICS)
      .map((key) => diagnostic("unknown-field", issue.message, [...path, key], input));
  }
  if (issue.code === "invalid_union" && "discriminator" in issue && typeof issue.discriminator === "string") {
    return [unknownKind(path, input)];
  }
  const missing = issue.message.startsWith("missing");
  return [diagnostic(missing ? "missing-field" : "bad-shape", issue.message, path, input)];
}

/** `path` leads to the field that tells the kinds apart. */
function unknownKind(path: PropertyKey[], input: unknown): Diagnostic {
  const found = valueAt(input, path);
  return found === undefined
    ? diagnostic("missing-field", "missing", path, input)
    : diagnostic("bad-shape", `${shown(found)} is not known here`, path, input);
}

/** Of the forms that did not fit, the one that came furthest: its complaint is what the author meant. */
function nearest(forms: Issue[][]): Issue[] {
  const depth = (issues: Issue[]) => Math.max(...issues.map((issue) => issue.path.length));
  const wrongKind = (issues: Issue[]) =>
    issues.length === 1 && issues[0]?.path.length === 0 && issues[0].code === "invalid_type";
  const [best] = [...forms].sort(
    (a, b) => Number(wrongKind(a)) - Number(wrongKind(b)) || depth(b) - depth(a) || a.length - b.length,
  );
  return best ?? [];
}

function diagnostic(code: string, text: string, path: PropertyKey[], input: unknown): Diagnostic {
  const [what = "", help] = text.split(SPLIT);
  const field = path.at(-1);
  return {
    code,
    severity: "error",
    message: typeof field === "string" ? `${clipped(field)}: ${what}` : what,
    ...(help ? { help } : {}),
    path: pointer(path),
    ...owner(path, input),
  };
}

/** With its place, unless that is the field that the message begins with. */
function told({ path, message: what }: Diagnostic): string {
  return path && !what.startsWith(`${path.slice(1)}: `) ? `${path}: ${what}` : what;
}

/** RFC 6901. */
function pointer(path: PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The flow that the path leads through, and the number of the rule. */
function owner(path: PropertyKey[], input: unknown): Pick<Diagnostic, "flow" | "rule"> {
  const found: Pick<Diagnostic, "flow" | "rule"> = {};
  path.forEach((part, index) => {
    const value = valueAt(input, path.slice(0, index));
    if (isRecord(value) && typeof value.name === "string") found.flow = value.name;
    if (path[index - 1] === "rules" && typeof part === "number") found.rule = part + 1;
  });
  return found;
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return value[Number(part)];
    return isRecord(value) ? value[String(part)] : undefined;
  }, input);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NAMES: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function nameOf(expected: unknown): string {
  return NAMES[String(expected)] ?? String(expected);
}

/** A value as a message repeats it. */
function shown(input: unknown): string {
  if (typeof input === "object" && input !== null) return kindOf(input);
  return clipped(JSON.stringify(input));
}

function clipped(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function kindOf(input: unknown): string {
  if (input === null) return "null";
  return Array.isArray(input) ? "a list" : nameOf(typeof input);
}

function oneOf(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(" or ") : String(values);
}

/**
 * Fastify's validator: query and path with 400, a body that is JSON of the wrong shape with 422. A config in a body
 * is let through: `config/body.ts` reads it, since there everything wrong is told at once and some calls answer 200.
 */
export const validate: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  if (schema === configSchema) return () => true;
  return (input: unknown) => {
    const shape = readShape(schema, input);
    if ("value" in shape) return shape;
    const [first] = shape.diagnostics;
    const body = httpPart === "body";
    return {
      error: new Problem({
        status: body ? 422 : 400,
        code: body ? "invalid-body" : "bad-request",
        title: body ? "The body has not the right shape" : "Bad request",
        detail: first ? told(first) : "The request cannot be read.",
        diagnostics: shape.diagnostics,
      }),
    };
  };
};

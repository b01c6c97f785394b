/**
 * Settings: flags, then environment, then a settings file, then the default.
 */
import { parseArgs } from "node:util";
import type { CompileOptions } from "@flowmgr/flow-compiler";
import { z } from "zod";
import { isLoopback } from "./addresses.ts";
import { NAMES, type Name, TABLE, written } from "./settings-table.ts";

/** Why the settings are wrong, every one of them, in the words of the place where it was written. */
export class SettingsError extends Error {
  override name = "SettingsError";
}

export type Settings = {
  listen: { host: string; port: number };
  data: string;
  target: { kind: "namespace"; name: string } | { kind: "host" };
  ipv6: boolean;
  markMask: number;
  jump: "first" | "last";
  loopback: "spare" | "judge";
  neighbours: "spare" | "judge";
  defragment: "on" | "off";
  /** Default seconds of the confirm timer; 0 = at once for good. */
  confirmWithin: number;
  /** Seconds between two comparisons of the kernel with what it should hold. */
  driftEvery: number;
  /** Whether the server puts drift right without being asked. */
  driftRepair: boolean;
  backend: "auto" | "nft" | "legacy";
  /** Paths of the PEM files; null = plain HTTP. */
  tls: { cert: string; key: string } | null;
  behindProxy: string[];
  allowHost: string[];
  insecureHttp: boolean;
  yes: boolean;
};

/** The settings that the compiler needs to know. */
export function compileOptions(settings: Settings): CompileOptions {
  const { ipv6, markMask, loopback, neighbours, jump, defragment } = settings;
  return { ipv6, markMask, loopback, neighbours, jump, defragment };
}

type Source = { where: string; value: string | string[] };

export type SettingsInput = {
  argv: string[];
  env: Record<string, string | undefined>;
  readFile: (path: string) => string;
};

/**
 * Reads the settings of the three sources. Throws SettingsError with every setting that is wrong, by the name it
 * was written with, and what would be right. `warnings` are sentences about what was not understood but may belong
 * to others (an unknown FLOWMGR_ variable).
 */
export function readSettings(input: SettingsInput): {
  settings: Settings;
  warnings: string[];
} {
  const flags = readFlags(input.argv);
  const file = flags.config ?? input.env.FLOWMGR_CONFIG;
  const sources = [
    flags.found,
    readEnvironment(input.env),
    file ? readSettingsFile(file, input.readFile) : new Map(),
  ];
  const found = new Map<Name, Source>();
  for (const source of sources) {
    for (const [name, value] of source) if (!found.has(name)) found.set(name, value);
  }
  return { settings: settle(found), warnings: unknownVariables(input.env) };
}

function readFlags(argv: string[]): {
  config: string | undefined;
  found: Map<Name, Source>;
} {
  const options = Object.fromEntries(
    NAMES.map((name) => [
      name,
      {
        type: TABLE[name].value === "" ? ("boolean" as const) : ("string" as const),
        multiple: TABLE[name].list ?? false,
      },
    ]),
  );
  let values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: { ...options, config: { type: "string" } },
      strict: true,
    }));
  } catch (error) {
    throw new SettingsError(misread(error instanceof Error ? error.message : String(error)));
  }
  const found = new Map<Name, Source>();
  for (const name of NAMES) {
    const value = values[name];
    if (value !== undefined) found.set(name, { where: `--${name}`, value: asWritten(value) });
  }
  return {
    config: typeof values.config === "string" ? values.config : undefined,
    found,
  };
}

/** What parseArgs complains of, in our words. */
function misread(text: string): string {
  const word = /'([^']*)'/.exec(text)?.[1] ?? "";
  if (/^Unexpected argument/.test(text))
    return `'${word}' is not a setting; each begins with --, as --help tells`;
  const [flag = ""] = word.split(/[ ,=]/);
  const name = flag.replace(/^-+/, "");
  if (/^Unknown option/.test(text)) return `${flag} is not a setting; ${suggestion(name, "--")}`;
  const value = name === "config" ? "FILE" : TABLE[NAMES.find((known) => known === name) ?? "yes"].value;
  if (value === "") return `${flag} takes no value; write ${flag} alone, or leave it out`;
  return `${flag} needs a value; write ${flag} ${value}`;
}

const variable = (name: string) => `FLOWMGR_${name.toUpperCase().replaceAll("-", "_")}`;

function readEnvironment(env: SettingsInput["env"]): Map<Name, Source> {
  const found = new Map<Name, Source>();
  for (const name of NAMES) {
    const value = env[variable(name)];
    if (value !== undefined) found.set(name, { where: variable(name), value });
  }
  return found;
}

/** Unknown variables only warn: Docker and Kubernetes set FLOWMGR_PORT and the like for a service of that name. */
function unknownVariables(env: SettingsInput["env"]): string[] {
  const known = new Set(["FLOWMGR_CONFIG", ...NAMES.map(variable)]);
  return Object.keys(env)
    .filter((name) => name.startsWith("FLOWMGR_") && !known.has(name))
    .map((name) => `${name} is not a setting and is ignored`);
}

function readSettingsFile(file: string, readFile: SettingsInput["readFile"]): Map<Name, Source> {
  let content: unknown;
  try {
    content = JSON.parse(readFile(file));
  } catch (error) {
    throw new SettingsError(`--config ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const scalar = z.union([z.string(), z.number(), z.boolean()]);
  const read = z.record(z.string(), z.union([scalar, z.array(scalar)])).safeParse(content);
  if (!read.success) {
    throw new SettingsError(
      `${file}: write one JSON object of settings, for example {"listen": "127.0.0.1:9090"}`,
    );
  }
  const found = new Map<Name, Source>();
  for (const [key, value] of Object.entries(read.data)) {
    const name = NAMES.find((known) => known === key);
    if (!name) throw new SettingsError(`${file}: "${key}" is not a setting; ${suggestion(key, "")}`);
    found.set(name, { where: `"${key}" in ${file}`, value: asWritten(value) });
  }
  return found;
}

type Scalar = string | number | boolean;

function asWritten(value: Scalar | Scalar[]): string | string[] {
  if (Array.isArray(value)) return value.map((one) => String(one));
  if (typeof value === "boolean") return value ? "on" : "off";
  return String(value);
}

function settle(found: Map<Name, Source>): Settings {
  const problems: string[] = [];
  const texts = Object.fromEntries(NAMES.map((name) => [name, textOf(name, found.get(name)?.value)]));
  const parsed = written.safeParse(texts);
  for (const issue of parsed.error?.issues ?? []) {
    const name = NAMES.find((known) => known === issue.path[0]);
    if (!name) continue;
    const { where, value } = found.get(name) ?? {
      where: `--${name}`,
      value: "",
    };
    const wrong = Array.isArray(value) ? value.join(",") : value;
    problems.push(`${where}: '${wrong}' is not right; ${issue.message}`);
  }
  if (!parsed.success) throw new SettingsError(problems.join("\n"));
  const settings = shape(parsed.data);
  return settings;
}

function textOf(name: Name, value: string | string[] | undefined): string | string[] | undefined {
  const entry = TABLE[name];
  if (!entry.list) return value ?? entry.default ?? (entry.value === "" ? "off" : undefined);
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return list.flatMap((part) =>
    part
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
  );
}

function shape(values: z.output<typeof written>): Settings {
  const cert = values["tls-cert"];
  const key = values["tls-key"];
  if ((cert === undefined) !== (key === undefined)) {
    throw new SettingsError(
      `--tls-${cert ? "key" : "cert"} is missing: give --tls-cert and --tls-key together`,
    );
  }
  const settings: Settings = {
    listen: values.listen,
    data: values.data,
    target: values.target === "host" ? { kind: "host" } : { kind: "namespace", name: values.namespace },
    ipv6: values.ipv6,
    markMask: values["mark-mask"],
    jump: values.jump,
    loopback: values.loopback,
    neighbours: values.neighbours,
    defragment: values.defragment,
    confirmWithin: values["confirm-within"],
    driftEvery: values["drift-every"],
    driftRepair: values["drift-repair"],
    backend: values.backend,
    tls: cert && key ? { cert, key } : null,
    behindProxy: values["behind-proxy"],
    allowHost: values["allow-host"],
    insecureHttp: values["insecure-http"],
    yes: values.yes,
  };
  const open = !isLoopback(settings.listen.host);
  if (open && !settings.tls && settings.behindProxy.length === 0 && !settings.insecureHttp) {
    throw new SettingsError(
      `--listen: ${settings.listen.host} is not loopback, so sign-in codes and tokens would cross the network in clear; ` +
        "give --tls-cert and --tls-key, or --behind-proxy ADDRESSES, or, knowing that, --insecure-http",
    );
  }
  return settings;
}

/** The settings that lie nearest to a misspelt one. */
function suggestion(wrong: string, dashes: string): string {
  const near =
    NAMES.find((name) => distance(wrong, name) <= 2) ?? NAMES.find((name) => name.startsWith(wrong));
  return near ? `did you mean ${dashes}${near}?` : "--help lists them all";
}

/** Levenshtein's, over one row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * A whole server in a world of its own: a network namespace with a random name, a data directory, a free port. Real
 * HTTP in front, the real kernel behind; a test acts on one side and looks at the other.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Agent, type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventName } from "@flowmgr/flow-api";
import { removeWorld } from "@flowmgr/kernel";
import { z } from "zod";
import { systemClock } from "../src/clock.ts";
import type { Clock } from "../src/parts.ts";
import { readSettings, type Settings } from "../src/settings.ts";
import { type Running, start } from "../src/start.ts";

export type Answer = {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body as it came, and as JSON ({} when it is none). */
  text: string;
  json: unknown;
  /** The JSON by its schema; throws with status and body where it is something else. */
  as<Schema extends z.ZodType>(schema: Schema): z.output<Schema>;
};

export type CallOptions = {
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as text/plain. */
  body?: unknown;
  /** Default: a connection of its own, closed afterwards. */
  agent?: Agent;
};

function readAs<Schema extends z.ZodType>(schema: Schema, json: unknown, what: string): z.output<Schema> {
  const read = schema.safeParse(json);
  if (!read.success) throw new Error(`${what}\n${z.prettifyError(read.error)}`);
  return read.data;
}

/** One HTTP call with a token. */
export function call(
  url: string,
  token: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const { headers = {}, body, agent = false } = options;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/plain" : "application/json";
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(`/api/v1${path}`, url),
      {
        method,
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": type }),
          ...headers,
        },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          const isJson = /json/.test(answer.headers["content-type"] ?? "");
          const json: unknown = isJson && text !== "" ? JSON.parse(text) : {};
          const { statusCode: status = 0, headers } = answer;
          const what = `${method} ${path}: ${status} ${text}`;
          resolve({ status, headers, text, json, as: (schema) => readAs(schema, json, what) });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : text);
  });
}

/** What one test owns: names and directories, removed by `remove`. */
export type Place = { namespace: string; data: string; remove(): Promise<void> };

export function makePlace(): Place {
  const namespace = `flowmgr-lab-${process.pid}-${randomBytes(4).toString("hex")}`;
  const data = mkdtempSync(join(tmpdir(), "flowmgr-lab-"));
  return {
    namespace,
    data,
    async remove() {
      await removeWorld(namespace);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export function labSettings(place: Place, flags: string[] = []): Settings {
  const argv = ["--listen", "127.0.0.1:0", "--data", place.data, "--namespace", place.namespace, ...flags];
  return readSettings({ argv, env: {}, readFile: () => "{}" }).settings;
}

export type Lab = {
  place: Place;
  running: Running;
  token: string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** What the command printed in the server's namespace; throws when it fails. */
  inside(...argv: string[]): string;
  /** `iptables-save -t mangle` there: the rules of our chains, without counters. */
  rules(family?: "ip" | "ip6"): string[];
  /** What the server wrote to its log. */
  logged: unknown[];
  /** Waits for an event that fits, from the moment of the call. */
  event(name: EventName, fits: (payload: Record<string, unknown>) => boolean): Promise<void>;
  /** Ends the server; the place stays. */
  stop(): Promise<void>;
  /** Ends the server and removes the place. */
  remove(): Promise<void>;
};

export type LabOptions = { clock?: Clock; flags?: string[]; place?: Place };

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const place = options.place ?? makePlace();
  const logged: unknown[] = [];
  const log = (entry: unknown) => {
    logged.push(entry);
    if (entry instanceof Error) console.error(entry);
  };
  let running: Running;
  try {
    running = await start(labSettings(place, options.flags), options.clock ?? systemClock, { log });
  } catch (error) {
    await place.remove();
    throw error;
  }
  const token = tokenOf(place);
  return {
    place,
    running,
    token,
    logged,
    call: (method, path, options) => call(running.url, token, method, path, options),
    inside: (...argv) => inNamespace(place.namespace, ...argv),
    rules: (family = "ip") => rulesIn(place.namespace, family),
    event: (name, fits) =>
      new Promise((resolve) => {
        const end = running.parts.events.subscribe((got, payload) => {
          if (got !== name || !fits({ ...payload })) return;
          end();
          resolve();
        });
      }),
    stop: () => running.close(),
    async remove() {
      await running.close();
      await place.remove();
    },
  };
}

export const tokenOf = (place: Place): string => readFileSync(join(place.data, "admin-token"), "utf8").trim();

export function inNamespace(namespace: string, ...argv: string[]): string {
  return execFileSync("ip", ["netns", "exec", namespace, ...argv], { encoding: "utf8" });
}

/** Rules of the mangle table that stand in chains of flows, as iptables-save prints them. */
export function rulesIn(namespace: string, family: "ip" | "ip6"): string[] {
  const saved = inNamespace(namespace, family === "ip" ? "iptables-save" : "ip6tables-save", "-t", "mangle");
  return saved.split("\n").filter((line) => /^-A ["']?@/.test(line));
}

/** Datagrams from the client of the small world. */
export function sendUdp(place: Place, address: string, port: number, count: number): void {
  const script = `for i in $(seq ${count}); do echo x > /dev/udp/${address}/${port}; done`;
  inNamespace(`${place.namespace}-client`, "bash", "-c", script);
}

/** An apply that would cut the admin off: a real machine, a real client beside it, real rules. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkSchema, editsSchema, planSchema, problemSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Host, makeHost, type Served } from "./host.ts";

let host: Host;
let client: string;
let served: Served;

const CALL = `
const [url, token, method, body, patience] = process.argv.slice(1);
const headers = { Authorization: "Bearer " + token, "If-Match": "*" };
if (body !== "") headers["Content-Type"] = body.startsWith("{") ? "application/json" : "text/plain";
const signal = AbortSignal.timeout(Number(patience));
const answer = await fetch(url, { method, headers, signal, ...(body !== "" && { body }) });
process.stdout.write(JSON.stringify({ status: answer.status, json: await answer.json() }));`;

/** One call over the network, from the client's machine; each over a connection of its own. */
function call(method: string, path: string, body: string | object = "", patience = 30_000) {
  const token = readFileSync(join(host.data, "admin-token"), "utf8").trim();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const words = [`http://10.1.0.1:8080/api/v1${path}`, token, method, text, String(patience)];
  const argv = ["netns", "exec", client, process.execPath, "--input-type=module", "-e", CALL, ...words];
  return JSON.parse(execFileSync("ip", argv, { encoding: "utf8" }));
}

beforeAll(async () => {
  host = makeHost();
  client = `${host.namespace}-c`;
  execFileSync("ip", ["netns", "add", client]);
  const ip = (...argv: string[]) => execFileSync("ip", argv);
  ip("-n", client, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", host.namespace);
  for (const [namespace, address] of [
    [host.namespace, "10.1.0.1/24"],
    [client, "10.1.0.7/24"],
  ] as const) {
    ip("-n", namespace, "address", "add", address, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
  }
  served = await host.served(
    host.command(["serve", "--yes", "--listen", "10.1.0.1:8080", "--insecure-http"]),
  );
});

afterAll(async () => {
  await served?.stop();
  execFileSync("ip", ["netns", "delete", client]);
  host.remove();
});

const DENY = "flow all deny\n  match src 10.1.0.0/16\n";
/** Without the comments, which tell the time. */
const rules = () => host.inside("iptables-save", "-t", "mangle").replace(/^#.*$/gm, "");

test("is refused by PUT /config, with who does it and a packet, and nothing is applied", () => {
  const before = rules();
  const answer = call("PUT", "/config", DENY);
  expect(answer.status).toBe(422);
  const problem = problemSchema.parse(answer.json);
  expect(problem.type).toBe("urn:flowmgr:problem:lockout");
  expect(problem.detail).toMatch(/^your connection from 10\.1\.0\.7 .*denied by all, rule 1.*accept/);
  expect(problem.diagnostics).toContainEqual(
    expect.objectContaining({
      ...{ code: "lockout", severity: "error", flow: "all", rule: 1, line: 2 },
      path: "/items/0/rules/0",
      by: [{ flow: "all", rule: 1 }],
      packet: expect.stringMatching(/^tcp 10\.1\.0\.7:\d+ -> 10\.1\.0\.1:8080 in eth0/),
    }),
  );
  expect(rules()).toBe(before);
});

test("the draft is stored all the same, says so in check and plan, and the mend that is offered mends it", () => {
  expect(call("PUT", "/draft", DENY).status).toBe(200);
  const checked = checkSchema.parse(call("GET", "/draft/check").json);
  expect(checked.diagnostics.map(({ code }) => code)).toContain("lockout");
  const plan = planSchema.parse(call("GET", "/draft/plan").json);
  expect(plan.applicable).toBe(false);
  // What the kernel would get is told all the same.
  expect(plan.kernel.ip.restore).not.toBe("");
  const mine = plan.lockout?.findings.find(
    ({ what, direction }) => what === "connection" && direction === "in",
  );
  expect(mine).toMatchObject({ blocks: true, decider: { by: [{ flow: "all", rule: 1 }] } });
  expect(call("POST", "/apply", { etag: plan.etag }).status).toBe(422);
  // Another name takes nothing upon anybody.
  expect(call("POST", "/apply", { etag: plan.etag, accept: ["expectation-fails"] }).status).toBe(422);

  const found = plan.diagnostics.find(({ code, fixes }) => code === "lockout" && fixes !== undefined);
  const [fix] = found?.fixes ?? [];
  if (!fix || !("edits" in fix)) throw new Error("no mend is offered");
  const edited = call("POST", "/draft/edits", editsSchema.parse({ edits: fix.edits }));
  expect(edited.status).toBe(200);
  const mended = planSchema.parse(call("GET", "/draft/plan").json);
  expect(mended.lockout?.findings.filter(({ what, blocks }) => blocks && what === "connection")).toEqual([]);
  const applied = call("POST", "/apply", { etag: mended.etag, confirmWithin: 0 });
  expect(applied, JSON.stringify(applied)).toMatchObject({ status: 200, json: { state: "confirmed" } });
  // Over the network, by the new rules.
  expect(call("GET", "/status").status).toBe(200);
});

test("who accepts it by name is cut off", async () => {
  const accepted = call("PUT", "/config?accept=lockout", DENY);
  expect(accepted).toMatchObject({ status: 200, json: { state: "confirmed", changed: true } });
  expect(() => call("GET", "/status", "", 2000)).toThrow(/TimeoutError/);
  expect(rules()).toContain("-s 10.1.0.0/16");
});

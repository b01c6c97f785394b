/** In a container: few rights, a root that is read-only, nothing in /run, and no namespace can be made. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";

const REPOSITORY = join(import.meta.dirname, "../../..");

/** The Node that runs this, where the container has it: below /opt/flowmgr, since a checkout in /tmp is not seen there. */
const NODE = process.execPath.startsWith(`${REPOSITORY}/`)
  ? join("/opt/flowmgr", relative(REPOSITORY, process.execPath))
  : process.execPath;

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flowmgr-container-"));
  for (const part of ["lab", "data"]) mkdirSync(join(dir, part), { mode: 0o700 });
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Starts the server with the words of argv, puts a config, and writes what came of it to /lab/told. */
const CLIENT = `
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
const main = "/opt/flowmgr/apps/api/src/main.ts";
const server = spawn(process.execPath, [main, "serve", ...process.argv.slice(2)]);
let said = "";
for (const stream of [server.stdout, server.stderr]) stream.on("data", (part) => (said += part));
const ended = new Promise((done) => server.once("close", (status) => done(status)));
const listens = new Promise((done) => server.stdout.on("data", () => said.includes("/#code=") && done(null)));
const told = { ended: await Promise.race([ended, listens]) };
if (told.ended === null) {
  const headers = {
    Authorization: "Bearer " + readFileSync("/var/lib/flowmgr/admin-token", "utf8").trim(),
    "Content-Type": "text/plain",
  };
  const ask = async (method, path, body) =>
    (await fetch("http://127.0.0.1:8080/api/v1" + path, { method, headers, body })).json();
  execFileSync("ip", ["link", "set", "lo", "up"]);
  const body = "flow mail director lvs\\n  match proto tcp dst 192.0.2.1 dstport 25\\n";
  told.put = await ask("PUT", "/config", body);
  told.again = await ask("PUT", "/config", body);
  told.warnings = (await ask("GET", "/status")).warnings;
  told.rules = execFileSync("iptables-save", ["-t", "mangle"], { encoding: "utf8" });
  server.kill();
  await ended;
}
writeFileSync("/lab/told", JSON.stringify({ ...told, said }));
`;

const toldSchema = z.object({
  /** Exit status of a server that did not come so far as to listen. */
  ended: z.number().nullable(),
  said: z.string(),
  put: z.object({ changed: z.boolean(), state: z.string() }).optional(),
  again: z.object({ changed: z.boolean() }).optional(),
  warnings: z.array(z.string()).optional(),
  rules: z.string().optional(),
});

/** `capabilities`: all that root has in there; `before`: a command that runs with all of them. */
function inContainer(capabilities: string[], flags: string[], before = "true"): z.output<typeof toldSchema> {
  writeFileSync(join(dir, "lab/client.mjs"), CLIENT);
  const namespaces = ["--pid", "--fork", "--kill-child", "--mount", "--net", "--uts", "--ipc"];
  const machine = [
    "sh",
    join(import.meta.dirname, "machine.sh"),
    join(dir, "lab"),
    join(dir, "data"),
    REPOSITORY,
  ];
  const rights = `setpriv --bounding-set -all,${capabilities.map((name) => `+${name}`).join(",")}`;
  const inside = `mount -o remount,ro / && ${before} && exec ${rights} ${NODE} /lab/client.mjs ${flags.join(" ")}`;
  execFileSync("unshare", [...namespaces, "--", ...machine, "sh", "-c", inside], {
    stdio: "pipe",
    timeout: 50_000,
    killSignal: "SIGKILL",
  });
  return toldSchema.parse(JSON.parse(readFileSync(join(dir, "lab/told"), "utf8")));
}

it("with NET_ADMIN and NET_RAW rules go into the container's own network, and the status says what is not tried", () => {
  const told = inContainer(["net_admin", "net_raw"], ["--target", "host", "--yes"]);
  expect(told).toMatchObject({
    ended: null,
    put: { changed: true, state: "confirmed" },
    again: { changed: false },
  });
  expect(told.rules).toMatch(/^-A @mail .*--dport 25 /m);
  // The match that puts datagrams together is found without a namespace to try it in.
  expect(told.rules).toContain("-A DEFRAGMENT -m socket");
  expect(told.warnings).toEqual([expect.stringContaining("configs are not tried before they are applied")]);
});

it("a namespace of its own takes more, and the start says what", () => {
  const told = inContainer(["net_admin", "net_raw"], []);
  expect(told.ended).toBe(1);
  expect(told.said).toContain("CAP_SYS_ADMIN");
  expect(told.said).toContain("--target host");
});

it("with SYS_ADMIN, but a /proc/sys that is read-only, it says so too", () => {
  const told = inContainer(["net_admin", "net_raw", "sys_admin"], []);
  expect(told.ended).toBe(1);
  expect(told.said).toContain("Read-only file system");
  expect(told.said).toContain("systempaths=unconfined");
});

it("with both there is a namespace of its own", () => {
  const unconfined = "mount -o remount,bind,rw /proc/sys";
  const told = inContainer(["net_admin", "net_raw", "sys_admin"], [], unconfined);
  expect(told).toMatchObject({ ended: null, put: { changed: true, state: "confirmed" }, warnings: [] });
  expect(told.rules).not.toContain("@mail");
});

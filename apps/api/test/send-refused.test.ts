/** Where the tester sends no packet, and what it says then. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemSchema } from "@flowmgr/flow-api";
import { expect, onTestFinished, test } from "vitest";
import { makeHost } from "./host.ts";
import { startLab } from "./lab.ts";

const CONFIG = "flow ssh permit match proto tcp dstport 22";
const PACKET = { src: "192.168.0.10", dst: "192.168.0.2", proto: "tcp", dstport: 22 };

test("nothing in force, nothing to send for; and without perl it is said", async () => {
  const lab = await startLab();
  onTestFinished(() => lab.remove());
  const body = { packet: { ...PACKET, iface: "eth0" } };
  const early = await lab.call("POST", "/trace/send", { body });
  expect(early).toMatchObject({ status: 409, json: { type: "urn:flowmgr:problem:nothing-running" } });
  await lab.call("PUT", "/config", { body: CONFIG });
  const bin = mkdtempSync(join(tmpdir(), "flowmgr-lab-"));
  const path = process.env.PATH;
  onTestFinished(() => {
    process.env.PATH = path;
    rmSync(bin, { recursive: true });
  });
  writeFileSync(join(bin, "perl"), "#!/bin/sh\nexit 127\n");
  chmodSync(join(bin, "perl"), 0o755);
  process.env.PATH = `${bin}:${path}`;
  const without = await lab.call("POST", "/trace/send", { body });
  expect(without).toMatchObject({ status: 501, json: { type: "urn:flowmgr:problem:no-perl" } });
});

test("never into a real network", async () => {
  const host = makeHost();
  onTestFinished(() => host.remove());
  const server = await host.served(host.command(["serve", "--yes"]));
  onTestFinished(async () => void (await server.stop()));
  host.put(CONFIG);
  const token = readFileSync(join(host.data, "admin-token"), "utf8").trim();
  const body = JSON.stringify({ packet: { ...PACKET, iface: "lo" } });
  const script = `const [token, body] = process.argv.slice(1);
const headers = { Authorization: "Bearer " + token, "Content-Type": "application/json" };
const answer = await fetch("http://127.0.0.1:8080/api/v1/trace/send", { method: "POST", headers, body });
process.stdout.write(await answer.text());`;
  const said = host.inside(process.execPath, "--input-type=module", "-e", script, token, body);
  expect(problemSchema.parse(JSON.parse(said))).toMatchObject({
    ...{ status: 409, type: "urn:flowmgr:problem:real-network" },
  });
});

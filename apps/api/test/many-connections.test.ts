/** Whoever opens as many connections as he can keeps no rules from coming back, and ends no server. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { afterEach, expect, test, vi } from "vitest";
import { MAIN } from "./host.ts";
import { call, makePlace, rulesIn, tokenOf } from "./lab.ts";

const place = makePlace();
let server: ChildProcess | null = null;

afterEach(async () => {
  server?.kill("SIGKILL");
  await place.remove();
});

/** The command with so few files that they are soon used up; gives where it listens. */
async function serve(): Promise<string> {
  const { data, namespace } = place;
  const flags = ["--listen", "127.0.0.1:0", "--data", data, "--namespace", namespace];
  const argv = ["--nofile=256:256", process.execPath, MAIN, "serve", ...flags];
  const child = spawn("prlimit", argv, { stdio: ["ignore", "pipe", "inherit"] });
  server = child;
  for await (const line of createInterface(child.stdout)) {
    const url = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (url) return url;
  }
  throw new Error("the server did not start");
}

/** A connection that begins a request and does not end it, for as long as it is let. */
async function open(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
  socket.write("POST /api/v1/check HTTP/1.1\r\nHost: localhost\r\n");
  return socket;
}

test("the old rules come back, and the server answers again", { timeout: 120_000 }, async () => {
  const url = await serve();
  const token = tokenOf(place);
  const put = (path: string, body: string) => call(url, token, "PUT", path, { body });
  expect((await put("/config", "flow old permit\n  match src 10.0.0.1\n")).status).toBe(200);
  const old = rulesIn(place.namespace, "ip");
  const tried = await put("/config?confirmWithin=5", "flow new deny\n  match src 10.0.0.2\n");
  expect(tried.json).toMatchObject({ state: "unconfirmed" });
  const sockets = await Promise.all(Array.from({ length: 400 }, () => open(url)));
  await vi.waitFor(() => expect(rulesIn(place.namespace, "ip")).toEqual(old), {
    timeout: 60_000,
    interval: 500,
  });
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(async () => expect((await call(url, token, "GET", "/status")).status).toBe(200), {
    timeout: 20_000,
  });
});

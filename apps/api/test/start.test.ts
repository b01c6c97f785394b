/** The command from outside: what it refuses to start with, what it leaves on disk, and how it ends. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { revisionListSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTokens } from "../src/auth/tokens.ts";
import { start } from "../src/start.ts";
import { openDatabase } from "../src/store/database.ts";
import { testClock } from "./clock.ts";
import { call, type Lab, labSettings, makePlace, type Place, startLab, tokenOf } from "./lab.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");
let dir = "";
let place: Place;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "flowmgr-start-"));
  place = makePlace();
  for (const name of ["one", "other"]) selfSigned(name);
  writeFileSync(join(dir, "file"), "none");
  mkdirSync(join(dir, "wide"));
  chmodSync(join(dir, "wide"), 0o777);
});
afterAll(async () => {
  await place.remove();
  rmSync(dir, { recursive: true });
});

function selfSigned(name: string): void {
  const files = ["-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.pem`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", ...curve, "-days", "2", ...subject, ...files], {
    stdio: "ignore",
  });
}

type Ended = { status: number | null; said: string };

/** Runs the command until it ends by itself. */
function run(...argv: string[]): Promise<Ended> {
  return ended(spawn(process.execPath, [MAIN, ...argv], { stdio: ["ignore", "pipe", "pipe"] }));
}

function ended(child: ChildProcess): Promise<Ended> {
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => (said += String(part)));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, said })));
}

const serve = (...flags: string[]) =>
  run("serve", "--namespace", place.namespace, "--listen", "127.0.0.1:0", ...flags);

describe("refuses to start, in one line that says what is right", () => {
  it.each([
    [
      "a directory below /proc",
      ["--data", "/proc/flowmgr/data"],
      "cannot make the data directory /proc/flowmgr/data: ",
    ],
    ["a directory that is a file", ["--data", "DIR/file"], "cannot make the data directory DIR/file: "],
    [
      "a directory for all",
      ["--data", "DIR/wide"],
      "others may write to the data directory DIR/wide: chmod go-w",
    ],
    [
      "no certificate",
      ["--tls-cert", "DIR/none", "--tls-key", "DIR/one.key"],
      "--tls-cert DIR/none cannot be read: ",
    ],
    [
      "a directory as key",
      ["--tls-cert", "DIR/one.pem", "--tls-key", "DIR"],
      "--tls-key DIR cannot be read: ",
    ],
    [
      "a certificate that is none",
      ["--tls-cert", "DIR/file", "--tls-key", "DIR/one.key"],
      "--tls-cert DIR/file: not a certificate",
    ],
    [
      "a key that is none",
      ["--tls-cert", "DIR/one.pem", "--tls-key", "DIR/file"],
      "--tls-key DIR/file: not a private key",
    ],
    [
      "a key of another",
      ["--tls-cert", "DIR/one.pem", "--tls-key", "DIR/other.key"],
      "--tls-key DIR/other.key is not the key of --tls-cert DIR/one.pem",
    ],
    [
      "an address of others",
      ["--listen", "192.0.2.1:1", "--insecure-http"],
      "192.0.2.1 is not an address of this machine: ",
    ],
  ])("%s", async (_what, flags, message) => {
    const data = flags.includes("--data") ? [] : ["--data", place.data];
    const { status, said } = await serve(...data, ...flags.map((flag) => flag.replace("DIR", dir)));
    expect(said).toContain(`flowmgr: ${message.replaceAll("DIR", dir)}`);
    expect(said.trim().split("\n")).toHaveLength(1);
    expect(status).toBe(1);
  });

  it.each([
    [["--listen"], "--listen needs a value; write --listen ADDRESS:PORT"],
    [["--confirm-within", "-5"], "--confirm-within needs a value; write --confirm-within SECONDS"],
    [["--config"], "--config needs a value; write --config FILE"],
    [["--yes=on"], "--yes takes no value; write --yes alone, or leave it out"],
    [["extra"], "'extra' is not a setting; each begins with --"],
    [["--listen", "0.0.0.0:1"], "--listen: 0.0.0.0 is not loopback"],
    [["--target", "host"], "nobody is there to be asked: give --yes if that is meant"],
  ])("%j is a wrong use", async (flags, message) => {
    const { status, said } = await run("serve", ...flags);
    expect(said).toContain(message);
    expect(status).toBe(2);
  });

  it("a port that is in use, and a data directory that is", async () => {
    const busy = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => busy.once("listening", resolve));
    const address = busy.address();
    const port = typeof address === "object" ? address?.port : 0;
    for (const data of [place.data, join(dir, "new")]) {
      const onPort = await serve("--data", data, "--listen", `127.0.0.1:${port}`);
      expect(onPort).toMatchObject({
        status: 1,
        said: expect.stringContaining(`127.0.0.1:${port} is in use by another`),
      });
    }
    // Nothing was made for a server that never was.
    expect(readdirSync(dir)).not.toContain("new");
    expect(execFileSync("ip", ["netns", "list"], { encoding: "utf8" })).not.toContain(place.namespace);
    busy.close();
    const lab = await startLab();
    const onData = await serve("--data", lab.place.data);
    expect(onData).toMatchObject({
      status: 1,
      said: expect.stringContaining("is in use by another flowmgr: "),
    });
    await lab.remove();
  });
});

describe("a start that fails half way leaves nothing behind", () => {
  const nothingLeft = (data: string) => {
    expect(existsSync(data)).toBe(false);
    expect(execFileSync("ip", ["netns", "list"], { encoding: "utf8" })).not.toContain(place.namespace);
  };

  it("when the machine has no iptables", async () => {
    const bin = join(dir, "bin");
    mkdirSync(bin);
    for (const tool of ["ip", "tee"]) {
      symlinkSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(bin, tool));
    }
    const argv = [
      "serve",
      "--namespace",
      place.namespace,
      "--listen",
      "127.0.0.1:0",
      "--data",
      join(dir, "half"),
    ];
    const child = spawn(process.execPath, [MAIN, ...argv], { env: { PATH: bin } });
    expect(await ended(child)).toMatchObject({
      status: 1,
      said: expect.stringContaining("iptables is not installed"),
    });
    nothingLeft(join(dir, "half"));
  });

  it("when somebody takes the port meanwhile", async () => {
    const settings = labSettings({ ...place, data: join(dir, "late") });
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const address = free.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await new Promise((closed) => free.close(closed));
    const taker = createServer();
    // The first look at the clock is behind the trial of the address and before the server listens.
    const clock = {
      ...testClock(),
      now() {
        if (!taker.listening) taker.listen(port, "127.0.0.1");
        return Date.now();
      },
    };
    const starting = start({ ...settings, listen: { host: "127.0.0.1", port } }, clock);
    await expect(starting).rejects.toThrow(`127.0.0.1:${port} is in use by another program`);
    taker.close();
    nothingLeft(join(dir, "late"));
  });
});

describe("TLS with a certificate of one's own", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ flags: ["--tls-cert", join(dir, "one.pem"), "--tls-key", join(dir, "one.key")] });
  });
  afterAll(() => lab.remove());

  it("makes the cookie Secure, and binds no other port of this host by HSTS", async () => {
    const body = JSON.stringify({ token: lab.token });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const sent = request(new URL("/api/v1/session", lab.running.url), {
        method: "POST",
        rejectUnauthorized: false,
        headers: { "content-type": "application/json" },
      });
      sent.on("response", (answer) => resolve(answer.resume().headers)).on("error", reject);
      sent.end(body);
    });
    expect(lab.running.url).toMatch(/^https:/);
    expect(String(headers["set-cookie"])).toContain("Secure");
    expect(headers["strict-transport-security"]).toBeUndefined();
  });
});

it("what it leaves on disk is for its owner alone, whatever lay there before", async () => {
  const lab = await startLab();
  for (const name of readdirSync(lab.place.data)) {
    expect(statSync(join(lab.place.data, name)).mode & 0o077, name).toBe(0);
  }
  await lab.remove();
  const data = join(dir, "trap");
  mkdirSync(data);
  symlinkSync(join(dir, "stolen"), join(data, "admin-token.new"));
  const db = openDatabase(data);
  expect(openTokens(db, testClock()).first(data)).toBe(true);
  expect(statSync(join(data, "admin-token")).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).not.toContain("stolen");
  db.close();
});

describe("the end", () => {
  async function started() {
    const child = spawn(
      process.execPath,
      [MAIN, "serve", "--namespace", place.namespace, "--listen", "127.0.0.1:0", "--data", place.data],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const end = ended(child);
    const url = await new Promise<string>((resolve) => {
      child.stdout.on("data", (part) => {
        const link = /(http:\S+)\/#code=/.exec(String(part))?.[1];
        if (link) resolve(link);
      });
    });
    return { child, end, url };
  }

  it("SIGTERM lets requests under way end, and the rules stay", async () => {
    const { child, end, url } = await started();
    // The process that was started is the one that serves, and has begun anew with little room for garbage.
    expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).toContain("--max-semi-space-size=");
    const body = "flow kept permit\n  match proto tcp\n";
    const applying = call(url, tokenOf(place), "PUT", "/config", { body });
    // The kernel is at work when the status says so.
    for (;;) {
      const { revisions } = (await call(url, tokenOf(place), "GET", "/revisions")).as(revisionListSchema);
      if (revisions.length > 0) break;
    }
    child.kill("SIGTERM");
    expect(await applying).toMatchObject({ status: 200, json: { changed: true } });
    expect((await end).status).toBe(0);
    const rules = execFileSync("ip", ["netns", "exec", place.namespace, "iptables-save"], {
      encoding: "utf8",
    });
    expect(rules).toContain("@kept");
  });

  it("killed in the midst of writes, it knows the last one that it answered, or the one after", async () => {
    const { child, end, url } = await started();
    const texts = Array.from({ length: 200 }, (_, index) => `flow f${index} permit\n  match proto tcp\n`);
    let answered = -1;
    for (const [index, body] of texts.entries()) {
      const put = call(url, tokenOf(place), "PUT", "/draft", { body, headers: { "if-match": "*" } });
      if (index === 20) child.kill("SIGKILL");
      const answer = await put.catch(() => null);
      if (answer?.status !== 200) break;
      answered = index;
    }
    await end;
    const again = await started();
    const draft = await call(again.url, tokenOf(place), "GET", "/draft", {
      headers: { accept: "text/plain" },
    });
    expect([texts[answered], texts[answered + 1]]).toContain(draft.text);
    again.child.kill("SIGTERM");
    expect((await again.end).status).toBe(0);
  });
});

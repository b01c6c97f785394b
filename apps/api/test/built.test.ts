/** The server as JavaScript, made in a copy of the workspace: what runs it, where it finds its files, how it names its sources. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const REPOSITORY = join(import.meta.dirname, "../../..");
const copy = mkdtempSync(join(tmpdir(), "flowmgr-built-"));
const at = (path: string) => join(copy, path);
const flowmgr = at("apps/api/flowmgr.mjs");

/** Without what tools and tests put there; links of the workspace lead to the copy. */
const isWanted = (path: string) => !["dist", "test"].includes(basename(path));

beforeAll(() => {
  for (const folder of [".config", "apps/api", "packages"])
    cpSync(join(REPOSITORY, folder), at(folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: isWanted,
    });
  symlinkSync(join(REPOSITORY, "node_modules"), at("node_modules"));
  mkdirSync(at("apps/web/dist"), { recursive: true });
  writeFileSync(at("apps/web/dist/index.html"), "the page");
  make();
}, 60_000);
afterAll(() => rmSync(copy, { recursive: true }));

/** As `npm start` does it. */
function make(): void {
  const step = `
    import { execFileSync } from "node:child_process";
    import { make, SERVER } from ${JSON.stringify(at(".config/built.mjs"))};
    make(SERVER, () => execFileSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "apps/api"]));`;
  execFileSync(process.execPath, ["--input-type=module", "--eval", step], { cwd: copy, stdio: "pipe" });
}

/** As `npm start -- --version` asks for it. */
function version() {
  const { stdout, stderr } = spawnSync(process.execPath, [flowmgr, "serve", "--version"], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { stdout, stderr };
}

function change(path: string, from: string, to: string): void {
  const before = readFileSync(at(path), "utf8");
  expect(before).toContain(from);
  writeFileSync(at(path), before.replace(from, to));
}

it("serves: database, page, the thread of the analysis and what starts programs", async () => {
  const namespace = `flowmgr-built-${randomBytes(3).toString("hex")}`;
  const data = at("data");
  const flags = ["serve", "--data", data, "--namespace", namespace, "--listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [flowmgr, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  try {
    let said = "";
    let trouble = "";
    child.stderr.on("data", (part) => (trouble += part));
    const url = await new Promise<string>((done, fail) => {
      child.stdout.on("data", (part) => {
        said += part;
        const [, found] = /(http:\S+)\/#code=/.exec(said) ?? [];
        if (found) done(found);
      });
      child.once("exit", () => fail(new Error(said + trouble)));
    });
    const authorization = `Bearer ${readFileSync(join(data, "admin-token"), "utf8").trim()}`;
    expect(await (await fetch(url, { headers: { accept: "text/html" } })).text()).toBe("the page");
    const check = await fetch(`${url}/api/v1/check`, {
      method: "POST",
      headers: { authorization, "content-type": "text/plain" },
      body: `flow low permit\n  match proto tcp dstport 1:100\nflow high permit\n  match proto tcp dstport 101:200
flow both deny\n  match proto tcp dstport 50:150\n`,
    });
    // No single rule says it: a proof does, and that is the thread's.
    expect(await check.text()).toContain("low, rule 1 and high, rule 1 take all of its packets first");
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
    expect(children.map((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim())).toContain(
      "flowmgr-starter",
    );
    expect(trouble).toBe("");
  } finally {
    child.kill("SIGTERM");
    await ended;
    for (const name of [`${namespace}-client`, `${namespace}-server`, namespace])
      spawnSync("ip", ["netns", "del", name]);
  }
}, 60_000);

it("is what runs while the sources are those that it was made of, and these run once they have changed", () => {
  const made = readFileSync(at("apps/api/dist/main.js"), "utf8");
  writeFileSync(at("apps/api/dist/main.js"), `${made}\nconsole.log("as it was made");\n`);
  expect(version()).toEqual({
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\nas it was made\n$/),
    stderr: "",
  });
  change("packages/kernel/src/run.ts", "export", "// changed\nexport");
  const { stdout, stderr } = version();
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(stderr).toMatch(/^flowmgr: running from the sources.*npm start/);
}, 60_000);

it("names its sources where something goes wrong", () => {
  change("apps/api/src/command.ts", "  const [command", '  throw new Error("tried");\n  const [command');
  make();
  const line =
    readFileSync(at("apps/api/src/command.ts"), "utf8").split("\n").indexOf('  throw new Error("tried");') +
    1;
  expect(version().stderr).toContain(`apps/api/src/command.ts:${line}:9`);
}, 60_000);

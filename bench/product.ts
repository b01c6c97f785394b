/** A whole product for a bench: the real server on a free port, many flows in force in a namespace of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Edit, print } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";

export type Product = {
  url: string;
  token: string;
  pid: number;
  /** Milliseconds of CPU that the server's process has used, all its threads together. */
  cpu(): number;
  /** Megabytes of memory that it holds (VmRSS), with those of the processes that it has started. */
  memory(): number;
  /** An edit of the draft by the token, as another admin makes it. */
  edit(edit: Edit): Promise<void>;
  close(): Promise<void>;
};

/** Clock ticks of /proc in milliseconds: USER_HZ is 100 everywhere. */
const TICK = 10;

/**
 * `flows` of them are in force and the draft when this is done; FLOWMGR_URL, _TOKEN, _PID name one that runs. `flags`:
 * more of `flowmgr serve`; `more`: of its environment.
 */
export async function openProduct(
  flows: number,
  flags: readonly string[] = [],
  more: NodeJS.ProcessEnv = {},
): Promise<Product> {
  const { FLOWMGR_URL: url, FLOWMGR_TOKEN: token, FLOWMGR_PID: pid } = process.env;
  if (url && token && pid) return product(url, token, Number(pid), async () => {});
  const namespace = `flowmgr-bench-${randomBytes(3).toString("hex")}`;
  const data = mkdtempSync(join(tmpdir(), "flowmgr-bench-"));
  const where = ["--data", data, "--namespace", namespace, "--listen", "127.0.0.1:0"];
  const { child, address } = await serve([...where, ...flags], { ...process.env, ...more });
  const made = product(
    address,
    readFileSync(join(data, "admin-token"), "utf8").trim(),
    child.pid ?? 0,
    async () => {
      child.kill("SIGTERM");
      await new Promise((done) => child.once("exit", done));
      for (const name of [`${namespace}-client`, `${namespace}-server`, namespace]) {
        execFileSync("ip", ["netns", "del", name]);
      }
      rmSync(data, { recursive: true });
    },
  );
  const answer = await fetch(`${made.url}/api/v1/config`, {
    method: "PUT",
    headers: { authorization: `Bearer ${made.token}`, "content-type": "text/plain" },
    body: print(manyFlows(flows)),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return made;
}

function serve(flags: string[], env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; address: string }> {
  const root = join(import.meta.dirname, "..");
  execFileSync(process.execPath, [join(root, ".config/run.mjs"), "build"], { stdio: "inherit" });
  const main = join(root, "apps/api/flowmgr.mjs");
  const child = spawn(process.execPath, [main, "serve", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  return new Promise((done, fail) => {
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      const address = /(https?:\/\/\S+)\/#/.exec(printed)?.[1];
      if (address) done({ child, address });
    });
    child.once("exit", (code) => fail(new Error(`the server ended with ${code}:\n${printed}`)));
  });
}

function product(url: string, token: string, pid: number, close: () => Promise<void>): Product {
  return {
    url,
    token,
    pid,
    cpu() {
      const [user, system] =
        readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ").slice(11, 13) ?? [];
      return (Number(user) + Number(system)) * TICK;
    },
    memory: () => Math.round(residentOf(pid) / 1024),
    async edit(edit) {
      const answer = await fetch(`${url}/api/v1/draft/edits`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "if-match": "*" },
        body: JSON.stringify({ edits: [edit] }),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    close,
  };
}

/** Kilobytes of a process and all that it has started, as far as they are still there. */
function residentOf(pid: number): number {
  try {
    const [, own = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean),
    );
    return children.reduce((sum, child) => sum + residentOf(Number(child)), Number(own));
  } catch {
    return 0;
  }
}

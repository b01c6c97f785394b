/**
 * A whole product: a namespace with its small world, the real server on a port of its own, a browser that is signed
 * in. Each worker has one that its tests share, emptied before each of them; who needs other flags, a first start or a
 * kill has one of its own. Everything that it makes it removes.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, test as base, expect, type Page } from "playwright/test";
import { FIVE_EXAMPLES } from "../packages/flow-model/src/examples.ts";

const root = join(import.meta.dirname, "..");

export type Lab = {
  /** Namespace that the rules go into; `${name}-client` and `${name}-server` stand around it. */
  namespace: string;
  url: string;
  token: string;
  /** A fresh one-time sign-in link. */
  loginLink(): string;
  /** What a command prints inside the target namespace. */
  inside(...command: string[]): string;
  /** What a command prints inside the client's namespace, 192.168.0.10. */
  fromClient(...command: string[]): string;
  /** Our chains as the kernel saves them: lines of FLOWS, OUTFLOWS, DIRECTORS and `@...`. */
  chains(): string[];
  /** Status and body of a REST call with the admin token. */
  rest(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; json: unknown }>;
  /** SIGKILL, then the same server again on the same port and data. */
  killAndRestart(): Promise<void>;
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

function serve(flags: string[]): Promise<{ child: ChildProcess; link: string }> {
  const child = spawn(process.execPath, [join(root, "apps/api/src/main.ts"), "serve", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((done, fail) => {
    let printed = "";
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const link = /(https?:\/\/\S+#\S+)/.exec(printed)?.[1];
      if (link) done({ child, link });
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => fail(new Error(`the server ended with ${code}:\n${printed}`)));
  });
}

const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise<void>((done) => child.once("exit", () => done()));

async function openLab(flags: string[]): Promise<{ lab: Lab; close: () => Promise<void> }> {
  const namespace = `fme2e-${randomBytes(3).toString("hex")}`;
  const data = mkdtempSync(join(tmpdir(), "flowmgr-e2e-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  const all = ["--data", data, "--namespace", namespace, "--listen", listen, ...flags];
  let running = await serve(all);
  const token = readFileSync(join(data, "admin-token"), "utf8").trim();
  const within =
    (name: string) =>
    (...command: string[]) =>
      execFileSync("ip", ["netns", "exec", name, ...command], { encoding: "utf8" });
  const inside = within(namespace);
  const lab: Lab = {
    namespace,
    url,
    token,
    inside,
    fromClient: within(`${namespace}-client`),
    loginLink: () =>
      /(https?:\/\/\S+#\S+)/.exec(
        execFileSync(process.execPath, [join(root, "apps/api/src/main.ts"), "login-link", ...all], {
          encoding: "utf8",
        }),
      )?.[1] ?? "",
    chains: () =>
      inside("iptables-save", "-t", "mangle")
        .split("\n")
        .filter((line) => /^(:|-A )(FLOWS|OUTFLOWS|DIRECTORS|@)/.test(line)),
    async rest(method, path, body, headers = {}) {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined
            ? {}
            : {
                "content-type": typeof body === "string" ? "text/plain" : "application/json",
              }),
          ...headers,
        },
        body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        json: text === "" ? null : JSON.parse(text),
      };
    },
    async killAndRestart() {
      running.child.removeAllListeners("exit");
      running.child.kill("SIGKILL");
      await ended(running.child);
      running = await serve(all);
    },
  };
  const close = async () => {
    running.child.removeAllListeners("exit");
    running.child.kill("SIGTERM");
    await ended(running.child);
    for (const name of [`${namespace}-client`, `${namespace}-server`, namespace]) {
      execFileSync("ip", ["netns", "del", name]);
    }
    rmSync(data, { recursive: true });
  };
  return { lab, close };
}

type Opened = Awaited<ReturnType<typeof openLab>>;

/** Nothing in the draft, nothing in force, nothing that waits for an answer; history goes on. */
async function empty(lab: Lab): Promise<void> {
  const status = Object((await lab.rest("GET", "/api/v1/status")).json);
  const revision = Object(status.unconfirmed).revision;
  if (revision !== undefined) await lab.rest("POST", "/api/v1/apply/confirm", { revision });
  await setDraft(lab, "");
  const put = await lab.rest("PUT", "/api/v1/config", "");
  expect(put, "the lab cannot be emptied").toMatchObject({ status: 200 });
}

/** What stands in an emptied lab's namespace: a test that leaves rules of others there ends the lab. */
function othersIn(lab: Lab): string {
  const saves = ["nft", "legacy"].flatMap((backend) => [
    `iptables-${backend}-save`,
    `ip6tables-${backend}-save`,
  ]);
  const all = lab.inside("sh", "-c", `${saves.join("; ")}; ip rule; ip -6 rule`);
  // Without times and counters.
  return all.replaceAll(/^#.*$|\[\d+:\d+\]/gm, "");
}

/** Signs a browser in by the token, as the form does. */
export async function signIn(context: BrowserContext, { url, token }: Lab): Promise<void> {
  expect((await context.request.post(`${url}/api/v1/session`, { data: { token } })).status()).toBe(201);
}

type Options = {
  /** The server's flags of a spec file: `test.use({ flags: ["--confirm-within", "3"] })`. */
  flags: string[];
  /** A server of one's own, before its first apply. */
  fresh: boolean;
};

export const test = base.extend<Options & { lab: Lab; signedIn: Page }, { shared: () => Promise<Lab> }>({
  flags: [[], { option: true }],
  fresh: [false, { option: true }],
  shared: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from it.
    async ({}, use) => {
      const opened: (Opened & { others: string })[] = [];
      await use(async () => {
        for (const one of opened.splice(0)) {
          await empty(one.lab);
          if (othersIn(one.lab) === one.others) opened.push(one);
          else await one.close();
        }
        const [kept] = opened;
        if (kept) return kept.lab;
        const made = await openLab([]);
        await empty(made.lab);
        opened.push({ ...made, others: othersIn(made.lab) });
        return made.lab;
      });
      for (const { close } of opened) await close();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  lab: async ({ flags, fresh, shared }, use) => {
    if (!fresh && flags.length === 0) {
      await use(await shared());
      return;
    }
    const { lab, close } = await openLab(flags);
    try {
      await use(lab);
    } finally {
      await close();
    }
  },
  signedIn: async ({ lab, page, context }, use) => {
    await signIn(context, lab);
    await page.goto(lab.url);
    await expect(page.getByRole("navigation").first()).toBeVisible();
    await use(page);
  },
});

export { expect } from "playwright/test";

/** The five examples of the original page. */
export const FIVE = `${FIVE_EXAMPLES}\n`;

/** The draft as text. */
export async function draftText({ url, token }: Lab): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, accept: "text/plain" };
  return (await fetch(`${url}/api/v1/draft`, { headers })).text();
}

/** Makes a text the draft, whatever is there. */
export async function setDraft(lab: Lab, text: string): Promise<void> {
  expect((await lab.rest("PUT", "/api/v1/draft", text, { "if-match": "*" })).status).toBe(200);
}

/** Puts the draft into the kernel at once. */
export async function applyForGood(lab: Lab): Promise<void> {
  const { json } = await lab.rest("GET", "/api/v1/draft");
  const etag = typeof json === "object" && json !== null && "etag" in json ? String(json.etag) : "";
  expect((await lab.rest("POST", "/api/v1/apply", { etag, confirmWithin: 0 })).status).toBe(200);
}

/** The draft as JSON on one line, with its ETag and who changed it. */
export async function draftJson(lab: Lab): Promise<string> {
  return JSON.stringify((await lab.rest("GET", "/api/v1/draft")).json);
}

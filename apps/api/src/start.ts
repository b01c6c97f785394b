/** From settings to a server that answers, in the order in which things may fail. */

import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { createSecureContext } from "node:tls";
import { ensureWorld, openKernel, openSender, removeWorld } from "@flowmgr/kernel";
import type { FastifyInstance } from "fastify";
import { createAnalyst } from "./analysis/analyst.ts";
import type { Analyst } from "./analysis/asking.ts";
import { createEngine } from "./apply/runner.ts";
import { openTokens } from "./auth/tokens.ts";
import { createDraft } from "./config/draft.ts";
import { createEvents } from "./events.ts";
import type { Clock, Parts } from "./parts.ts";
import { buildServer, type ServerOptions } from "./server.ts";
import type { Settings } from "./settings.ts";
import { lockDataDir, makeDataDir, openDatabase, tryWrite } from "./store/database.ts";

/** The server cannot start; the message says why and what to do. */
export class StartError extends Error {
  override name = "StartError";
}

export type Running = {
  app: FastifyInstance;
  parts: Parts;
  /** Where a browser on this machine finds it, without a slash at the end. */
  url: string;
  /** True when this was the first start and the admin's token was written. */
  first: boolean;
  /** Requests end, state is on disk, the data directory is free; the rules stay in force. */
  close(): Promise<void>;
};

/**
 * Starts everything. Throws StartError or DataDirError with nothing left open, and of what was not there before
 * nothing left behind. Rules of the running revision are in force, and overdue ones rolled back, before the first
 * request is answered.
 */
export async function start(settings: Settings, clock: Clock, options: ServerOptions = {}): Promise<Running> {
  const undo: Undo = [];
  const unmake: Undo = [];
  try {
    tryTls(settings.tls);
    const isNew = !existsSync(settings.data);
    // What is wrong with the address shows before anything is made. But a directory that is there may be that of
    // another flowmgr, which is the better reason.
    if (isNew) await tryListen(settings);
    makeDataDir(settings.data);
    if (isNew) unmake.push(() => rmSync(settings.data, { recursive: true }));
    undo.push(lockDataDir(settings.data));
    await tryListen(settings);
    const opened = await openRules(settings, clock, undo, unmake, options.log);
    const { db, engine, events } = opened;
    const first = openTokens(db, clock).first(settings.data);
    await engine.start();
    const parts: Parts = { ...opened, draft: createDraft({ db, clock, events, engine }) };
    const app = await buildServer(parts, options);
    undo.push(() => app.close());
    await listen(app, settings);
    const url = urlOf(settings, app);
    // Only `login-link` asks for it. A full disk must not keep a server down that has a deadline to watch.
    tryWrite(() => db.prepare("INSERT OR REPLACE INTO server (only, url) VALUES (1, ?)").run(url));
    return { app, parts, url, first, close: () => unwind(undo) };
  } catch (error) {
    await unwind(undo);
    await unwind(unmake);
    throw error;
  }
}

/** Steps that take back what was done, in the order in which it was done. */
export type Undo = (() => unknown)[];

export async function unwind(steps: Undo): Promise<void> {
  for (let step = steps.pop(); step; step = steps.pop()) await step();
}

/** The database and the way into the kernel, before the engine starts. The data directory is ours by now. `log`: as ServerOptions. */
export async function openRules(
  settings: Settings,
  clock: Clock,
  undo: Undo,
  unmake: Undo,
  log: (error: unknown) => void = () => {},
): Promise<Omit<Parts, "draft">> {
  const db = openDatabase(settings.data);
  undo.push(() => db.close());
  const kernel = await reachKernel(settings, unmake);
  const sender = senderFor(settings, kernel);
  const events = createEvents();
  // Each asks the other: what the tables are called, and whether a program is right.
  const analyst: Analyst = createAnalyst(
    { clock, settings, engine: { state: () => engine.state() } },
    { log },
  );
  undo.push(() => analyst.close());
  const engine = createEngine({ settings, db, kernel, clock, events, analyst });
  undo.push(() => engine.stop());
  return { settings, db, kernel, sender, clock, events, engine, analyst };
}

/** Null where flows judge a real network: nothing of ours is sent there. */
function senderFor({ target, ipv6 }: Settings, { facts }: Parts["kernel"]): Parts["sender"] {
  if (target.kind === "host") return null;
  return openSender({ namespace: target.name, backend: facts.backend, ipv6 });
}

/** Says by flag what is wrong with the files, before anything is touched. */
function tryTls(tls: Settings["tls"]): void {
  if (!tls) return;
  const cert = readPem("--tls-cert", tls.cert);
  const key = readPem("--tls-key", tls.key);
  tryPem(`--tls-cert ${tls.cert}: not a certificate chain in PEM`, { cert });
  tryPem(`--tls-key ${tls.key}: not a private key in PEM without a passphrase`, { key });
  tryPem(`--tls-key ${tls.key} is not the key of --tls-cert ${tls.cert}: give the two that belong together`, {
    cert,
    key,
  });
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new StartError(
      `${flag} ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function tryPem(complaint: string, files: { cert?: Buffer; key?: Buffer }): void {
  try {
    createSecureContext(files);
  } catch {
    throw new StartError(complaint);
  }
}

async function reachKernel(
  { target, backend, ipv6, data }: Settings,
  unmake: Undo,
): Promise<Parts["kernel"]> {
  try {
    if (target.kind === "namespace") {
      const { made } = await ensureWorld(target.name);
      if (made) unmake.push(() => removeWorld(target.name));
    }
    return await openKernel({ target, backend, ipv6, dataDir: data });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const forbidden = target.kind === "namespace" && /not permitted|denied|read-only/i.test(message);
    throw new StartError(forbidden ? `${message}\n${NAMESPACE_NEEDS}` : message);
  }
}

/** What `ip netns add` and the small world need; most containers have none of it. */
const NAMESPACE_NEEDS = `A network namespace takes CAP_SYS_ADMIN and a /proc/sys that can be written. In a container either give both
(docker: --cap-add SYS_ADMIN --security-opt apparmor=unconfined --security-opt systempaths=unconfined), or start with
--target host: that is the network of the container, and NET_ADMIN and NET_RAW are enough.`;

async function listen(app: FastifyInstance, { listen: { host, port } }: Settings): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw cannotListen(host, port, error);
  }
}

/** Listens for a moment where the server is going to. */
async function tryListen({ listen: { host, port } }: Settings): Promise<void> {
  const server = createServer().listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    throw cannotListen(host, port, error);
  } finally {
    server.close();
  }
}

function cannotListen(host: string, port: number, error: unknown): StartError {
  const code = error instanceof Error && "code" in error ? error.code : "";
  const at = `${bracketed(host)}:${port}`;
  const why: Record<string, string> = {
    EADDRINUSE: `${at} is in use by another program: stop that one, or choose another with --listen`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: choose one of its own with --listen`,
    EACCES: `this user may not listen on ${at}: choose a port above 1023 with --listen`,
  };
  return new StartError(
    why[String(code)] ?? `cannot listen on ${at}: ${error instanceof Error ? error.message : error}`,
  );
}

function urlOf(settings: Settings, app: FastifyInstance): string {
  const { listen: asked, tls, behindProxy, allowHost } = settings;
  const [name] = allowHost;
  // The proxy speaks HTTPS on the usual port, as far as we can know.
  if (behindProxy.length > 0 && name) return `https://${name}`;
  const bound = app.server.address();
  const port = typeof bound === "object" && bound ? bound.port : asked.port;
  const everywhere = asked.host === "0.0.0.0" || asked.host === "::";
  return `${tls ? "https" : "http"}://${name ?? (everywhere ? "127.0.0.1" : bracketed(asked.host))}:${port}`;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** A sign-in link: the code is in the fragment, which no browser sends and no log keeps. */
export function signInLink(url: string, code: string): string {
  return `${url}/#code=${code}`;
}

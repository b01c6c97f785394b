/** What a server may be killed at: every way in which the kernel comes to hold other rules, and a start. */
import { appliedSchema } from "@flowmgr/flow-api";
import { OUR_PROTOCOL, OUR_TABLES } from "@flowmgr/flow-compiler";
import type { Answer } from "../lab.ts";
import type { Scene, Server } from "./server.ts";

/** Directors, tables, ip rules, local routes, lists and all three hooks, in both families, as they are printed. */
export const OLD = `flow ssh permit
  match proto tcp dstport 22
  match proto tcp dst fd00::7 dstport 22

flow mail director mx
  match proto tcp dst 10.1.1.1 dstport 25
  match proto tcp dst fd01::1 dstport 25

flow uplink table 78
  match proto udp src 10.2.0.0/16
`;
export const NEW = `flow dns permit
  match proto udp dstport 53
  match proto udp dst fd00::7 dstport 53

flow mail director mx
  match proto tcp dst 10.1.1.2 dstport 25
  match proto tcp dst fd01::2 dstport 25

flow web director web
  match proto tcp dst 10.1.1.3 dstport { 80, 443 }
  match proto tcp dst fd01::3 dstport { 80, 443 }

flow far table 77
  match proto tcp dstport 8080
`;

/** Seconds: as if for ever, and so few that the end is seen. */
export const LONG = 3_600;
const SHORT = 15;

export type Scenario = {
  name: string;
  /** From a server with OLD confirmed to the moment before; gives null when the server has to be down for it. */
  prepare(scene: Scene, server: Server): Promise<Server | null>;
  /** What is interrupted; gives what was answered, null when nobody was. */
  act(scene: Scene, server: Server | null): Promise<Answer | null>;
  /** Which rules may be in force afterwards; what was answered decides where it can. */
  after(answer: Answer | null): ("old" | "new")[];
  /** What a 200 must have said. */
  answered?: string;
};

const put = (within: number, config: string) => (scene: Scene, server: Server | null) =>
  server
    ? scene.call(server, "PUT", `/config?confirmWithin=${within}`, { body: config })
    : Promise.resolve(null);

const stay = async (_: Scene, server: Server) => server;

const trying = (within: number) => async (scene: Scene, server: Server) => {
  const applied = await put(within, NEW)(scene, server);
  if (applied?.as(appliedSchema).state !== "unconfirmed")
    throw new Error(`not unconfirmed: ${applied?.text}`);
  return server;
};

/** The answer to what is being tried. */
const answer = (word: "confirm" | "revert") => (scene: Scene, server: Server | null) => {
  const state = scene.onDisk();
  if (!server || state.at !== "unconfirmed") throw new Error(`nothing waits: ${state.at}`);
  return scene.call(server, "POST", `/apply/${word}`, { body: { revision: state.trying } });
};

const down = async (scene: Scene, server: Server) => {
  await scene.kill(server);
  return null;
};

/** As after a start of the machine: nothing of ours is there. */
function forget(scene: Scene): void {
  for (const tool of [`iptables-${scene.backend}`, `ip6tables-${scene.backend}`]) {
    scene.inside("sh", "-c", `${tool} -t mangle -F; ${tool} -t mangle -X`);
  }
  for (const family of ["-4", "-6"] as const) {
    scene.inside("ip", family, "rule", "flush", "protocol", String(OUR_PROTOCOL));
    dropRoutes(scene, family);
  }
}

/** Those in tables that are ours. */
function dropRoutes(scene: Scene, family: "-4" | "-6"): void {
  for (const line of scene.inside("ip", family, "route", "show", "table", "all").split("\n")) {
    const [, destination = "", table = ""] = /^local (\S+) dev lo table (\d+)/.exec(line) ?? [];
    if (Number(table) < OUR_TABLES.first) continue;
    scene.inside("ip", family, "route", "delete", "local", destination, "dev", "lo", "table", table);
  }
}

const start = async (scene: Scene) => {
  const server = await scene.serve();
  if (server) await scene.kill(server);
  return null;
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function untilOver(scene: Scene, server: Server | null): Promise<null> {
  let over = false;
  void server?.ended.then(() => {
    over = true;
  });
  while (!over && scene.onDisk().at !== "idle") await pause(50);
  return null;
}

const either = (): ("old" | "new")[] => ["old", "new"];
const oldOnly = (): ("old" | "new")[] => ["old"];

export const SCENARIOS: Scenario[] = [
  {
    name: "apply for good",
    prepare: stay,
    act: put(0, NEW),
    after: (answer) => (answer ? ["new"] : either()),
    answered: "confirmed",
  },
  {
    name: "apply to be confirmed",
    prepare: stay,
    act: put(SHORT, NEW),
    after: (answer) => (answer ? ["new"] : either()),
    answered: "unconfirmed",
  },
  {
    name: "confirm",
    prepare: trying(LONG),
    act: answer("confirm"),
    after: () => ["new"],
    answered: "confirmed",
  },
  {
    name: "revert",
    prepare: trying(LONG),
    act: answer("revert"),
    after: (answer) => (answer ? ["old"] : either()),
    answered: "reverted",
  },
  { name: "time runs out", prepare: trying(1), act: untilOver, after: oldOnly },
  {
    name: "repair",
    async prepare(scene, server) {
      scene.inside(`iptables-${scene.backend}`, "-t", "mangle", "-F", "@ssh");
      scene.inside(`ip6tables-${scene.backend}`, "-t", "mangle", "-F", "PREROUTING");
      scene.inside("ip", "-6", "rule", "flush", "protocol", String(OUR_PROTOCOL));
      dropRoutes(scene, "-4");
      return server;
    },
    act: (scene, server) => (server ? scene.call(server, "POST", "/kernel/repair") : Promise.resolve(null)),
    after: oldOnly,
  },
  {
    name: "start after the machine forgot",
    async prepare(scene, server) {
      await down(scene, server);
      forget(scene);
      return null;
    },
    act: start,
    after: oldOnly,
  },
  {
    name: "start when the time is over",
    async prepare(scene, server) {
      await down(scene, await trying(1)(scene, server));
      await pause(1_100);
      return null;
    },
    act: start,
    after: oldOnly,
  },
  {
    name: "start while it waits",
    async prepare(scene, server) {
      await down(scene, await trying(LONG)(scene, server));
      forget(scene);
      return null;
    },
    act: start,
    after: () => ["new"],
  },
];

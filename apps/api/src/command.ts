/** The command: the only one that prints, and says what the exit status is. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { isAgreed, rememberAgreement, touchedOnHost } from "./agreement.ts";
import { openTokens } from "./auth/tokens.ts";
import { boot } from "./boot.ts";
import { systemClock } from "./clock.ts";
import { readSettings, type Settings, SettingsError } from "./settings.ts";
import { settingsHelp } from "./settings-table.ts";
import { type Running, StartError, signInLink, start } from "./start.ts";
import { DataDirError, openDatabase, tryWrite } from "./store/database.ts";
import { removedFromHost, uninstall } from "./uninstall.ts";
import { VERSION } from "./version.ts";

type Env = Parameters<typeof readSettings>[0]["env"];

type Command = { help: string; run: (settings: Settings) => Promise<number> };

/** What this program can be asked to do; each gives the exit status. */
const COMMANDS: Record<string, Command> = {
  serve: { help: "start the server: what npm start does when no command is named", run: serve },
  boot: { help: "put the running rules into the kernel and end: before the network is up", run: bootOnly },
  "login-link": { help: "print another sign-in link", run: loginLink },
  uninstall: { help: "take all that is ours out of the kernel; the data directory stays", run: removeAll },
};

const usage = () => `flowmgr ${VERSION}: flows that steer packets on a Linux load balancer

  sudo npm start -- [COMMAND] [SETTINGS]
  npm start -- --help | --version

Commands:
${Object.entries(COMMANDS)
  .map(([name, { help }]) => `  ${name.padEnd(12)}${help}`)
  .join("\n")}

Settings:
${settingsHelp()}
`;

const say = (text: string) => process.stderr.write(`flowmgr: ${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

/** Does what is asked and gives the exit status; throws what is a defect. */
export async function runCommand(argv: string[], env: Env): Promise<number> {
  try {
    return await run(argv, env);
  } catch (error) {
    if (error instanceof SettingsError) {
      say(error.message);
      return 2;
    }
    if (error instanceof StartError || error instanceof DataDirError) {
      say(error.message);
      return 1;
    }
    throw error;
  }
}

async function run(argv: string[], env: Env): Promise<number> {
  const [command = "--help", ...rest] = argv;
  if ([command, ...rest].includes("--help")) return show(usage());
  // npm start puts "serve" before what names no command.
  if ([command, ...rest].includes("--version")) return show(`${VERSION}\n`);
  const asked = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!asked) {
    say(`"${command}" is not a command; it is ${Object.keys(COMMANDS).join(", ")}, and --help tells more`);
    return 2;
  }
  const { settings, warnings } = readSettings({
    argv: rest,
    env,
    readFile: (path) => readFileSync(path, "utf8"),
  });
  for (const warning of warnings) say(warning);
  return asked.run(settings);
}

function show(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function serve(settings: Settings): Promise<number> {
  const refused = await mayBegin(settings);
  if (refused !== null) return refused;
  // From now on, so that one that comes while it starts ends it in order too.
  const stopped = stopSignal();
  const running = await start(settings, systemClock, { log: (error) => console.error(error) });
  const forgotten = rememberAgreement(settings);
  if (forgotten !== null) say(forgotten);
  greet(settings, running);
  await stopped;
  await running.close();
  say("stopped; the rules stay in force");
  return 0;
}

async function bootOnly(settings: Settings): Promise<number> {
  if (neverStarted(settings)) {
    say(`there is no flowmgr in ${settings.data} yet, so there are no rules to put in`);
    return 0;
  }
  const refused = await mayBegin(settings);
  if (refused !== null) return refused;
  const revision = await boot(settings, systemClock);
  say(
    revision === null
      ? "nothing was ever applied, so there are no rules to put in"
      : `revision ${revision} is in force`,
  );
  return 0;
}

/** A yes to rules on this host is none to their end: this is asked each time. */
async function removeAll(settings: Settings): Promise<number> {
  if (!mayChangeRules()) return 1;
  const asks = settings.target.kind === "host" && !settings.yes;
  if (asks && !(await agreed(removedFromHost(), "give --yes if that is meant"))) return 2;
  for (const line of await uninstall(settings)) print(line);
  return 0;
}

/** Null when rules may be changed; else why not is said, and this is the exit status. */
async function mayBegin(settings: Settings): Promise<number | null> {
  if (!mayChangeRules()) return 1;
  if (isAgreed(settings)) return null;
  const once = "give --yes if that is meant, once; it is remembered";
  return (await agreed(touchedOnHost(settings), once)) ? null : 2;
}

/** Bit 12 of the effective capabilities (linux/capability.h): root in a container may lack it. */
const CAP_NET_ADMIN = 1n << 12n;

/** Says so when not. */
function mayChangeRules(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const may = (BigInt(`0x${effective}`) & CAP_NET_ADMIN) !== 0n;
  if (!may) say("changing packet rules needs root (CAP_NET_ADMIN): sudo npm start");
  return may;
}

/** Whether somebody who was told `what` says yes; `hint`: what to do where nobody can be asked. */
async function agreed(what: string, hint: string): Promise<boolean> {
  say(what);
  if (!process.stdin.isTTY) {
    say(`nobody is there to be asked: ${hint}`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-D and Ctrl-C close the terminal; the question alone would then wait for ever.
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("no")));
  const answer = await Promise.race([terminal.question("Go on? Type yes: ").catch(() => "no"), closed]);
  terminal.close();
  return answer.trim() === "yes";
}

function greet(settings: Settings, { url, parts, first }: Running): void {
  const where =
    settings.target.kind === "host" ? "this machine's own network" : `namespace ${settings.target.name}`;
  print(`flowmgr ${VERSION} on ${url}, rules go to ${where}`);
  print(`Token for scripts: ${join(settings.data, "admin-token")}${first ? " (just made)" : ""}`);
  const written = tryWrite(() => {
    const code = openTokens(parts.db, parts.clock).newCode("admin");
    print("Sign in within ten minutes, once, by this link:");
    print(`  ${signInLink(url, code)}`);
  });
  if (!written) {
    say(
      `${settings.data} cannot be written: make room there; until then nobody signs in and nothing is applied`,
    );
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process as it would any other. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off("SIGTERM", stop);
      process.off("SIGINT", stop);
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
  });
}

const neverStarted = ({ data }: Settings) => !existsSync(join(data, "flowmgr.db"));

async function loginLink(settings: Settings): Promise<number> {
  if (neverStarted(settings)) {
    say(`there is no flowmgr in ${settings.data}: start it first, or name its directory with --data DIR`);
    return 1;
  }
  const db = openDatabase(settings.data);
  const row = db.prepare("SELECT url FROM server").get();
  if (row) print(signInLink(String(row.url), openTokens(db, systemClock).newCode("admin")));
  else say("the server has never listened; start it first");
  db.close();
  return row ? 0 : 1;
}

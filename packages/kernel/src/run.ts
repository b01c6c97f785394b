/**
 * The only file that starts a process. No shell ever: a program and its arguments as an array, input by stdin, a
 * time limit after which it is killed, a limit on what it may say. What goes wrong is data, never an exception.
 *
 * Most are started by a small process on our behalf (`Starter`), begun with the first of them; where it cannot be had,
 * by this one.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { type Heard, Starter, starterWords } from "./starter.ts";

export type Ran = {
  argv: readonly string[];
  /** Exit status; null when it never ran or did not end by itself. */
  status: number | null;
  stdout: string;
  stderr: string;
  /** Why there is no exit status: not installed, no memory or file to start it with, out of time, too talkative, killed. */
  failure: null | "missing" | "unstarted" | "timeout" | "output" | "killed";
};

export type RunOptions = {
  stdin?: string;
  /** Milliseconds until it is killed. Default 20 000: everything but a big restore is done in a fraction. */
  limit?: number;
  /**
   * An open file that the program holds open too, as its descriptor 3: a lock on it lasts as long as either runs. Whoever
   * closes it calls `letGo` before.
   */
  keep?: number;
  /** By this process itself: for one that will soon be another. */
  itself?: boolean;
};

/** 10 000 flows save as about 6 MB; ten times that is a machine gone mad. */
const OUTPUT_LIMIT = 64 * 1024 * 1024;

export const DEFAULT_LIMIT = 20_000;

/**
 * A limit passes in so many steps, so that a while in which this process itself stood still (a large body, a machine
 * without time) counts as one of them: what has ended meanwhile is heard before it could be killed.
 */
const STEPS = 20;

/** Runs a program to its end. Never rejects: `succeeded` tells, `complaint` says. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const starter = options.itself ? null : starterFor(options.keep);
  const by = (there: Starter | null) =>
    toItsEnd(argv, options, (heard) =>
      there ? there.begin(argv, process.env, options.stdin ?? "", heard) : beginHere(argv, options, heard),
    );
  if (starter === null || starter.isReady) return by(starter);
  return starter.begun.then((isReady) => by(isReady ? starter : null));
}

/**
 * What `Starter.generation` says: asked by the process that starts programs, which takes a tenth of what a program would.
 * Null where there is none.
 */
export async function askGeneration(namespace: string | null, limit: number): Promise<Ran | null> {
  const starter = starterFor(undefined);
  if (starter === null || !(await starter.begun)) return null;
  const argv = ["the generation of nf_tables"];
  return toItsEnd(argv, { limit }, (heard) => starter.generation(namespace, heard));
}

/** `begin` starts it, and gives what kills it. */
function toItsEnd(
  argv: readonly string[],
  { limit = DEFAULT_LIMIT }: RunOptions,
  begin: (heard: Heard) => () => void,
): Promise<Ran> {
  return new Promise((resolve) => {
    const said: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
    let failure: Ran["failure"] = null;
    let length = 0;
    let steps = STEPS;
    const kill = begin({
      said(stream, part) {
        length += part.length;
        if (length <= OUTPUT_LIMIT) said[stream].push(part);
        else if (failure === null) stop("output");
      },
      ended({ status, isKilled, unstarted }) {
        clearInterval(timer);
        if (unstarted !== null) failure ??= unstarted === "ENOENT" ? "missing" : "unstarted";
        if (isKilled) failure ??= "killed";
        resolve({
          argv,
          status: failure === null ? status : null,
          stdout: Buffer.concat(said.stdout).toString("utf8"),
          stderr:
            unstarted === null
              ? Buffer.concat(said.stderr).toString("utf8")
              : `spawn ${argv[0]} ${unstarted}`,
          failure,
        });
      },
    });
    const stop = (why: Ran["failure"]) => {
      failure ??= why;
      kill();
    };
    const timer = setInterval(() => {
      steps -= 1;
      if (steps === 0) stop("timeout");
    }, limit / STEPS);
  });
}

/** Starts a program as a child of this process. */
function beginHere(argv: readonly string[], { stdin = "", keep }: RunOptions, heard: Heard): () => void {
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["pipe", "pipe", "pipe", ...kept(keep)] });
  } catch (error) {
    const how = { status: null, isKilled: false, unstarted: codeOf(error) };
    setImmediate(() => heard.ended(how));
    return () => undefined;
  }
  let unstarted: string | null = null;
  child.stdout?.on("data", (part: Buffer) => heard.said("stdout", part));
  child.stderr?.on("data", (part: Buffer) => heard.said("stderr", part));
  child.on("error", (error) => {
    unstarted = codeOf(error);
  });
  // Without this a program that ends before it has read its input would take us down with EPIPE.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(stdin);
  child.on("close", (status, signal) => heard.ended({ status, isKilled: signal !== null, unstarted }));
  return () => {
    child.kill("SIGKILL");
    // What it has started itself may hold these open for as long as it likes.
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
}

/** `EAGAIN`. Only ENOENT says that a program is not installed. */
const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

const kept = (keep: number | undefined): number[] => (keep === undefined ? [] : [keep]);

/** By the file that what they start holds open, since none can be handed to a process that is there. */
const starters = new Map<number | undefined, Starter>();

/** Milliseconds in which nobody tries to begin one where there was none to be had: by the same PATH. */
const WITHOUT = 60_000;

let lacking: { path: string | undefined; until: number } | null = null;

/** Null when there can be none. One that has ended is begun anew. */
function starterFor(keep: number | undefined): Starter | null {
  const { PATH } = process.env;
  const isLacking = lacking !== null && lacking.path === PATH && performance.now() < lacking.until;
  return starters.get(keep) ?? (isLacking ? null : beginStarter(keep, PATH));
}

function beginStarter(keep: number | undefined, path: string | undefined): Starter | null {
  const [program, ...rest] = starterWords() ?? [];
  if (program === undefined) return null;
  try {
    const child = spawn(program, rest, { stdio: ["pipe", "pipe", "ignore", ...kept(keep)] });
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) return null;
    const starter = new Starter({ process: child, stdin, stdout });
    starters.set(keep, starter);
    const forget = () => {
      if (starters.get(keep) === starter) starters.delete(keep);
    };
    child.once("close", forget);
    void starter.begun.then((isReady) => {
      if (isReady) return;
      lacking = { path, until: performance.now() + WITHOUT };
      forget();
    });
    return starter;
  } catch {
    // No file or memory for it now.
    return null;
  }
}

/** To be called before a file is closed that programs were given as `keep`: what goes on still holds it. */
export function letGo(keep: number): void {
  starters.get(keep)?.end();
  starters.delete(keep);
}

/** Milliseconds until whoever failed is asked again: trouble for a moment is over by then, and nobody minds the wait. */
const AGAIN = 250;

/**
 * For what is asked once and decides for long: whoever fails is asked again, since it may have been for a moment (memory,
 * a lock). Throws when he does not end by himself then either: that is no answer.
 */
export async function askTwice(ask: () => Promise<Ran>): Promise<Ran> {
  const isAnswer = ({ failure }: Ran) => failure === null || failure === "missing";
  const first = await ask();
  if (succeeded(first) || first.failure === "missing") return first;
  await pause(AGAIN);
  const again = await ask();
  if (!isAnswer(again)) throw new Error(complaint(again));
  return again;
}

export function succeeded(ran: Ran): boolean {
  return ran.status === 0;
}

/** What a failed program said, one line, for people; the program's name when it said nothing. */
export function complaint(ran: Ran): string {
  const name = ran.argv.join(" ");
  if (ran.failure === "missing") return `${name}: there is no such program`;
  if (ran.failure === "unstarted") return `${name}: could not be started (${ran.stderr})`;
  if (ran.failure === "timeout") return `${name}: did not end in time and was killed`;
  if (ran.failure === "output") return `${name}: said more than ${OUTPUT_LIMIT} bytes and was killed`;
  if (ran.failure === "killed") return `${name}: was killed`;
  const said = ran.stderr.split("\n").find((line) => line.trim() !== "");
  return said === undefined ? `${name}: exit status ${ran.status}` : said.trim();
}

/**
 * Starts a program that goes on running. Its stdin stays open; a program that waits for the end of its input ends
 * with us, however we end.
 */
export function start(argv: readonly string[]): ChildProcessWithoutNullStreams {
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error("start: no program given");
  return spawn(program, rest, { stdio: "pipe" });
}

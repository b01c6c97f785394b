/**
 * The only file that starts a process. No shell ever: a program and its arguments as an array, input by stdin, a
 * time limit after which it is killed, a limit on what it may say. What goes wrong is data, never an exception.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";

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
  /** An open file that the program holds open too, as its descriptor 3: a lock on it lasts as long as either runs. */
  keep?: number;
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
  const [program, ...rest] = argv;
  if (program === undefined) throw new Error("run: no program given");
  return new Promise((resolve) => {
    const kept = options.keep === undefined ? [] : [options.keep];
    let child: ReturnType<typeof spawn>;
    try {
      child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe", ...kept] });
    } catch (error) {
      resolve({ argv, status: null, stdout: "", ...unstarted(error) });
      return;
    }
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let failure: Ran["failure"] = null;
    let notStarted: ReturnType<typeof unstarted> | null = null;
    let length = 0;
    const kill = (why: Ran["failure"]) => {
      failure ??= why;
      child.kill("SIGKILL");
      // What it has started itself may hold these open for as long as it likes.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    let steps = STEPS;
    const timer = setInterval(
      () => {
        steps -= 1;
        if (steps === 0) kill("timeout");
      },
      (options.limit ?? DEFAULT_LIMIT) / STEPS,
    );
    const keep = (pile: Buffer[]) => (chunk: Buffer) => {
      length += chunk.length;
      if (length > OUTPUT_LIMIT) kill("output");
      else pile.push(chunk);
    };
    child.stdout?.on("data", keep(stdout));
    child.stderr?.on("data", keep(stderr));
    child.on("error", (error) => {
      notStarted = unstarted(error);
      failure ??= notStarted.failure;
    });
    // Without this a program that ends before it has read its input would take us down with EPIPE.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.stdin ?? "");
    child.on("close", (code, signal) => {
      clearInterval(timer);
      if (signal !== null) failure ??= "killed";
      resolve({
        argv,
        status: failure === null ? code : null,
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: notStarted?.stderr ?? Buffer.concat(stderr).toString("utf8"),
        failure,
      });
    });
  });
}

/** Only a file that is not there says that a program is not installed; `stderr` says what else it was: `spawn ip EAGAIN`. */
function unstarted(error: unknown): Pick<Ran, "stderr"> & { failure: "missing" | "unstarted" } {
  const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
  const stderr = error instanceof Error ? error.message : String(error);
  return { failure: isMissing ? "missing" : "unstarted", stderr };
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

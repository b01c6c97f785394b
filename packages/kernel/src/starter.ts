/**
 * A small process that starts programs for this one (starter-program.ts): to start one itself node copies the page tables of all
 * its memory, 14 ms at 500 MB in which nobody is answered. Perl has 8 MB and takes a fraction of one.
 *
 * It ends with us, however we end, but not before what it has started. Where it is killed, what it has started dies with
 * it, so that what is told of a program is true.
 */
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { arch } from "node:os";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { getSystemErrorName } from "node:util";
import { STARTER } from "./starter-program.ts";

/** How a program ended; `unstarted` says why it did not begin: `EACCES`. */
export type Ending = { status: number | null; isKilled: boolean; unstarted: string | null };

export type Heard = {
  said(stream: "stdout" | "stderr", part: Buffer): void;
  ended(how: Ending): void;
};

/** What this takes of a process of node. */
type Process = {
  process: {
    kill(signal: "SIGKILL"): boolean;
    ref(): void;
    unref(): void;
    once(event: "close" | "error", heard: () => void): unknown;
  };
  stdin: Writable;
  stdout: Readable;
};

/** What has to be run, but for what it may hold open. Null where nobody knows the machine's system calls. */
export function starterWords(): readonly string[] | null {
  const calls = CALLS.get(arch());
  return calls === undefined ? null : ["perl", "-e", STARTER, ...calls.map(String)];
}

/** Of the system calls prctl, setns and getsockopt, by the name of the processor. */
const CALLS = new Map([
  ["x64", [157, 308, 55]],
  ["arm64", [167, 268, 209]],
]);

/** Bytes of input that are on their way at once to a program that may not read them. */
const INPUT_AT_ONCE = 256 * 1024;

/** Milliseconds in which it has to say that it is there. It takes 5. */
const BEGIN_LIMIT = 10_000;

/** Length of what follows, kind, number of the program. */
const HEAD = 9;

/** Milliseconds after which somebody who was killed is looked for again. */
const LOOK_AGAIN = 5;

type UnderWay = { heard: Heard; input: Buffer; process: number | null };

export class Starter {
  readonly #child: Process;
  readonly #underWay = new Map<number, UnderWay>();
  /** Whether it has come to start programs; told once. */
  readonly begun: Promise<boolean>;
  #tellBegun: (isReady: boolean) => void = () => {};
  /** From then on `begin` may be called. */
  isReady = false;
  #last = 0;
  #unread: Buffer = Buffer.alloc(0);
  #isOver = false;
  #isUnwanted = false;

  constructor(child: Process) {
    this.#child = child;
    this.begun = new Promise((resolve) => {
      this.#tellBegun = resolve;
    });
    const slow = setTimeout(() => child.process.kill("SIGKILL"), BEGIN_LIMIT);
    void this.begun.then(() => {
      clearTimeout(slow);
      this.#hold();
    });
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (part: Buffer) => this.#listen(part));
    child.process.once("error", () => this.#over());
    child.process.once("close", () => this.#over());
  }

  /** Starts a program in this environment; gives what kills it. */
  begin(argv: readonly string[], env: NodeJS.ProcessEnv, stdin: string, heard: Heard): () => void {
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [name, value],
    );
    return this.#begin("s", packed([String(argv.length), ...argv, ...variables]), stdin, heard);
  }

  /**
   * Asks the kernel for a network namespace, the one of this file or, for null, our own: its cookie, by which it is told
   * from each other one, and how often rules of nf_tables were committed in it, as a line.
   */
  generation(namespace: string | null, heard: Heard): () => void {
    return this.#begin("g", Buffer.from(namespace ?? ""), "", heard);
  }

  #begin(kind: string, what: Buffer, stdin: string, heard: Heard): () => void {
    this.#last += 1;
    const number = this.#last;
    this.#underWay.set(number, { heard, input: Buffer.from(stdin), process: null });
    this.#hold();
    if (this.#isOver) setImmediate(() => this.#over());
    this.#child.stdin.cork();
    this.#tell(kind, number, what);
    this.#feed(number);
    this.#child.stdin.uncork();
    return () => this.#tell("k", number);
  }

  /** It goes when all that it has started has ended, which can be killed until then. */
  end(): void {
    this.#isUnwanted = true;
    if (this.#underWay.size === 0) this.#child.stdin.end();
  }

  #tell(kind: string, number: number, what: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(what.length, 0);
    head.write(kind, 4, "latin1");
    head.writeUInt32BE(number, 5);
    if (!this.#child.stdin.writableEnded) this.#child.stdin.write(Buffer.concat([head, what]));
  }

  /** The next part of a program's input. */
  #feed(number: number): void {
    const program = this.#underWay.get(number);
    if (program === undefined) return;
    const part = program.input.subarray(0, INPUT_AT_ONCE);
    program.input = program.input.subarray(part.length);
    this.#tell(program.input.length === 0 ? "l" : "i", number, part);
  }

  #listen(part: Buffer): void {
    let unread = this.#unread.length === 0 ? part : Buffer.concat([this.#unread, part]);
    while (unread.length >= HEAD) {
      const end = HEAD + unread.readUInt32BE(0);
      if (unread.length < end) break;
      this.#hear(unread.toString("latin1", 4, 5), unread.readUInt32BE(5), unread.subarray(HEAD, end));
      unread = unread.subarray(end);
    }
    this.#unread = unread;
  }

  #hear(kind: string, number: number, what: Buffer): void {
    if (kind === "r") {
      this.isReady = true;
      this.#tellBegun(true);
    }
    if (kind === "m") this.#feed(number);
    const program = this.#underWay.get(number);
    const heard = program?.heard;
    if (kind === "p" && program) program.process = what.readUInt32BE(0);
    if (kind === "o") heard?.said("stdout", what);
    if (kind === "e") heard?.said("stderr", what);
    if (kind !== "x") return;
    this.#underWay.delete(number);
    if (this.#isUnwanted) this.end();
    this.#hold();
    heard?.ended(endingOf(what.readUInt32BE(0), what.readUInt32BE(4)));
  }

  /** It has ended: what was under way dies with it, and is told of when it is dead and changes nothing any more. */
  #over(): void {
    this.#isOver = true;
    this.#tellBegun(false);
    const programs = [...this.#underWay.values()];
    this.#underWay.clear();
    for (const { heard, process } of programs) {
      void end(process).then(() => heard.ended({ status: null, isKilled: true, unstarted: null }));
    }
  }

  /** Only what is under way keeps us from ending. */
  #hold(): void {
    const { process, stdin, stdout } = this.#child;
    const all = [process, ...[stdin, stdout].filter((stream) => stream instanceof Socket)];
    for (const each of all) this.#underWay.size > 0 ? each.ref() : each.unref();
  }
}

/** Whoever is killed in a call of the kernel does that to its end first. */
async function end(process: number | null): Promise<void> {
  while (process !== null && isRunning(process)) await pause(LOOK_AGAIN);
}

/** The dead whom nobody has buried yet are not. */
function isRunning(process: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${process}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Each with its length before it. */
function packed(words: readonly string[]): Buffer {
  return Buffer.concat(
    words.flatMap((word) => {
      const length = Buffer.alloc(4);
      const bytes = Buffer.from(word);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** Of a status as waitpid(2) gives it; `errno` is not 0 when the program could not be started. */
function endingOf(status: number, errno: number): Ending {
  if (errno !== 0) return { status: null, isKilled: false, unstarted: getSystemErrorName(-errno) };
  const isKilled = (status & 0x7f) !== 0;
  return { status: isKilled ? null : status >> 8, isKilled, unstarted: null };
}

/** The state machine of applying: a table of what must happen, and random walks over everything that may. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Command,
  deadlineNow,
  type Event,
  type Moment,
  type State,
  stateSchema,
  step,
} from "../src/apply/machine.ts";

const idle = (running: number | null): State => ({ at: "idle", running });
const unconfirmed = {
  at: "unconfirmed",
  running: 1,
  trying: 2,
  within: 30,
  deadline: 50_000,
  boot: "this",
  due: 32_000,
} satisfies State;

/** Without a word more: the two clocks run side by side, since `this` boot. */
const moment = (wall: number, monotonic = wall - 18_000, boot = "this"): Moment => ({
  wall,
  boot,
  monotonic,
});

/** The step, or a failure of the test when the event is refused. */
function stepped(state: State, event: Event): { state: State; commands: Command[] } {
  const next = step(state, event);
  if ("refused" in next) throw new Error(`refused: ${next.refused}`);
  return next;
}

test("an apply with a time to confirm is armed only after the kernel took it", () => {
  const applying = stepped(idle(1), { on: "apply", revision: 2, within: 30 });
  expect(applying.commands).toEqual([{ do: "switch", revision: 2 }]);
  const after = stepped(applying.state, { on: "applied", now: moment(20_000) });
  expect(after).toEqual({
    state: unconfirmed,
    commands: [{ do: "arm", ms: 30_000 }],
  });
});

test("an apply for good never arms anything", () => {
  const applying = stepped(idle(null), { on: "apply", revision: 1, within: 0 });
  expect(stepped(applying.state, { on: "applied", now: moment(0) })).toEqual({
    state: idle(1),
    commands: [{ do: "record", revision: 1, outcome: "confirmed" }],
  });
});

test("a second apply, and a confirm of something else, are refused and change nothing", () => {
  expect(step(unconfirmed, { on: "apply", revision: 3, within: 0 })).toEqual({
    refused: "busy",
  });
  expect(step(unconfirmed, { on: "confirm", revision: 3 })).toEqual({
    refused: "other-revision",
  });
  expect(step(idle(1), { on: "confirm", revision: 1 })).toEqual({
    refused: "nothing-unconfirmed",
  });
});

test("time runs out: the old revision comes back, and only then the end is recorded", () => {
  const back = stepped(unconfirmed, { on: "due" });
  expect(back.commands).toEqual([{ do: "disarm" }, { do: "restore", revision: 1 }]);
  const done = stepped(back.state, { on: "restored" });
  expect(done).toEqual({
    state: idle(1),
    commands: [{ do: "record", revision: 2, outcome: "expired" }],
  });
});

test("a restore that fails is tried again, with pauses that grow to a minute and no further", () => {
  let state: State = stepped(unconfirmed, { on: "revert", revision: 2 }).state;
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const failed = stepped(state, { on: "restore-failed", said: "no memory" });
    for (const command of failed.commands) if (command.do === "retry-in") pauses.push(command.ms / 1000);
    state = stepped(failed.state, { on: "retry" }).state;
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  expect(stepped(state, { on: "restored" }).state).toEqual(idle(1));
});

/** What a start makes of it: milliseconds that are armed, null when the time is over. */
function armed(now: Moment, state: State = unconfirmed): number | null {
  const { commands } = stepped(state, { on: "start", now });
  return commands.flatMap((command) => (command.do === "arm" ? command.ms : []))[0] ?? null;
}

test("at a start the time that is left is armed, and what is tried is put in force again", () => {
  expect(armed(moment(45_000))).toBe(5_000);
  const commands = stepped(unconfirmed, { on: "start", now: moment(45_000) }).commands;
  expect(commands).toContainEqual({ do: "switch", revision: 2 });
  expect(stepped(unconfirmed, { on: "start", now: moment(50_000) }).state).toMatchObject({
    at: "restoring",
    undone: { revision: 2, outcome: "expired" },
  });
});

test("in the same boot the wall clock has no say in it, in either direction", () => {
  for (const jump of [-1e12, -3_600_000, -1_000, 1_000, 3_600_000, 1e12]) {
    expect(armed(moment(45_000 + jump, 27_000))).toBe(5_000);
    expect(armed(moment(45_000 + jump, 32_000))).toBeNull();
  }
});

test("after a boot the wall clock can shorten the time, and nothing can make it longer", () => {
  expect(armed(moment(45_000, 10, "next"))).toBe(5_000);
  expect(armed(moment(45_000, 1e9, "next"))).toBe(5_000);
  expect(armed(moment(50_001, 10, "next"))).toBeNull();
  // The battery of the clock is empty, or its time zone wrong.
  expect(armed(moment(-1e12, 10, "next"))).toBe(30_000);
  // Nor can a monotonic clock that began anew within what calls itself the same boot.
  expect(armed(moment(45_000, 10, "this"))).toBe(30_000);
});

test("from the start on it counts by the clock of its boot: no second one begins the time anew", () => {
  const again = stepped(unconfirmed, { on: "start", now: moment(-1e12, 1_000, "next") }).state;
  expect(armed(moment(-1e12, 21_000, "next"), again)).toBe(10_000);
  expect(armed(moment(1e12, 31_000, "next"), again)).toBeNull();
});

test("the time that is named follows the wall clock when it is set, and does not tremble with it", () => {
  expect(deadlineNow(unconfirmed, moment(45_000))).toBe(50_000);
  expect(deadlineNow(unconfirmed, moment(45_900, 27_000))).toBe(50_000);
  expect(deadlineNow(unconfirmed, moment(3_645_000, 27_000))).toBe(3_650_000);
  expect(deadlineNow(unconfirmed, moment(-3_555_000, 27_000))).toBe(-3_550_000);
});

test("a state that an earlier program wrote, without the monotonic clock, is that of another boot", () => {
  const { boot: _, due: __, ...old } = unconfirmed;
  expect(armed(moment(45_000), stateSchema.parse(old))).toBe(5_000);
});

/** A machine as the runner drives it: what the kernel holds, what is armed, and what is on disk. */
type World = {
  state: State;
  kernel: number | null;
  pending: Command | null;
  armed: boolean;
  retrying: boolean;
  now: number;
  next: number;
  ended: Map<number, string>;
};

const moves = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        move: fc.constant("apply" as const),
        within: fc.constantFrom(0, 30),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        move: fc.constant("answer" as const),
        how: fc.constantFrom("yes", "yes", "yes", "no", "no-and-lost"),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        move: fc.constantFrom("confirm", "revert", "timer", "retry"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        move: fc.constant("crash" as const),
        lost: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        move: fc.constant("wait" as const),
        ms: fc.integer({ min: 0, max: 60_000 }),
      }),
    },
  ),
  { minLength: 20, maxLength: 80, size: "max" },
);
type Move = typeof moves extends fc.Arbitrary<(infer M)[]> ? M : never;

function send(world: World, event: Event): void {
  const next = step(world.state, event);
  if ("refused" in next) return;
  world.state = next.state;
  for (const command of next.commands) {
    if (command.do === "arm") world.armed = true;
    else if (command.do === "disarm") world.armed = false;
    else if (command.do === "retry-in") world.retrying = true;
    else if (command.do === "record") {
      expect(world.ended.has(command.revision), `revision ${command.revision} ended twice`).toBe(false);
      world.ended.set(command.revision, command.outcome);
    } else world.pending = command;
  }
}

/** The kernel answers the command that it was given; what it holds afterwards is what the answer says. */
function answer(world: World, how: "yes" | "no" | "no-and-lost"): void {
  const command = world.pending;
  if (command?.do !== "switch" && command?.do !== "restore") return;
  world.pending = null;
  if (how === "yes") world.kernel = command.revision;
  if (how === "no-and-lost") world.kernel = -1;
  if (command.do === "restore") {
    send(world, how === "yes" ? { on: "restored" } : { on: "restore-failed", said: "no" });
  } else if (how === "yes") send(world, { on: "applied", now: moment(world.now) });
  else send(world, { on: "refused", oldRulesInForce: how === "no" });
}

function crash(world: World, lost: boolean): void {
  // Dying in the middle of a switch leaves either set of rules; a machine that starts anew holds none.
  if (world.pending?.do === "switch" && !lost) world.kernel = world.pending.revision;
  if (lost) world.kernel = -1;
  Object.assign(world, { pending: null, armed: false, retrying: false });
  world.state = stateSchema.parse(JSON.parse(JSON.stringify(world.state)));
  send(world, { on: "start", now: moment(world.now) });
}

function make(world: World, move: Move): void {
  const trying = world.state.at === "unconfirmed" ? world.state.trying : 0;
  // Nobody is listened to before a start is through.
  const starting = world.state.at === "unconfirmed" && world.pending !== null;
  if (starting && ["apply", "confirm", "revert"].includes(move.move)) return;
  switch (move.move) {
    case "apply":
      send(world, { on: "apply", revision: world.next++, within: move.within });
      break;
    case "answer":
      answer(world, move.how === "no" || move.how === "no-and-lost" ? move.how : "yes");
      break;
    case "confirm":
    case "revert":
      send(world, { on: move.move, revision: trying });
      break;
    case "timer":
      if (world.armed) {
        world.armed = false;
        send(world, { on: "due" });
      }
      break;
    case "retry":
      if (world.retrying) {
        world.retrying = false;
        send(world, { on: "retry" });
      }
      break;
    case "crash":
      crash(world, move.lost);
      break;
    case "wait":
      world.now += move.ms;
  }
}

function check(world: World, before: State): void {
  const { state } = world;
  expect(world.armed, "a timer is armed exactly while something is unconfirmed").toBe(
    state.at === "unconfirmed",
  );
  expect(world.retrying, "a retry is due exactly in error").toBe(state.at === "error");
  if (state.at === "applying" || state.at === "restoring") expect(world.pending).not.toBeNull();
  if (state.running !== before.running) {
    expect("trying" in before && before.trying, "only what was tried can become the running one").toBe(
      state.running,
    );
    expect(world.ended.get(Number(state.running))).toBe("confirmed");
  }
  if (state.running !== null) expect(world.ended.get(state.running)).toBe("confirmed");
  if (state.at === "idle" && world.pending === null && state.running !== null) {
    expect(world.kernel, "at rest the kernel holds the running revision").toBe(state.running);
  }
}

test("no sequence of events loses the running revision or leaves a timer that belongs to nothing", () => {
  fc.assert(
    fc.property(moves, (list) => {
      const world: World = {
        state: { at: "idle", running: null },
        kernel: null,
        pending: null,
        armed: false,
        retrying: false,
        now: 0,
        next: 1,
        ended: new Map(),
      };
      for (const move of list) {
        const before = world.state;
        make(world, move);
        check(world, before);
      }
      // Left alone, with a kernel that works again, it comes to rest.
      for (let round = 0; round < 5; round++) {
        make(world, { move: "answer", how: "yes" });
        for (const timer of ["timer", "retry"] as const) make(world, { move: timer });
      }
      expect(world.state.at).toBe("idle");
      if (world.state.running !== null) expect(world.kernel).toBe(world.state.running);
    }),
    { numRuns: 3000 },
  );
});

/**
 * Confirm or it goes back: every state an apply can be in, and what each event makes of it. Pure; the runner owns
 * the kernel, the clock and the disk.
 *
 * The state is written to disk before the commands that came with it are run. So whatever moment the process dies
 * at, `start` finds a state that names the revision which must be in force, and `step` says how to get there. What
 * nobody was told of (`applying`) is undone; what somebody was told would be undone (`unconfirmed`) is undone at the
 * time that was named, not earlier and not later.
 */
import { z } from "zod";

/** How a tried revision ended that is not in force any more. */
const undone = z.object({
  revision: z.number(),
  outcome: z.enum(["reverted", "expired", "failed"]),
});
export type Undone = z.output<typeof undone>;

/** The last confirmed revision; null before the first one, when nothing of ours should judge packets. */
const running = z.number().nullable();

export const stateSchema = z.discriminatedUnion("at", [
  z.object({ at: z.literal("idle"), running }),
  /** The intent: the kernel may hold either revision. `within`: seconds to confirm, 0 = at once for good. */
  z.object({
    at: z.literal("applying"),
    running,
    trying: z.number(),
    within: z.number(),
  }),
  /**
   * The end of the time, in milliseconds: `due` by the monotonic clock of `boot`, which nobody sets; `deadline` by the
   * wall clock, for people, and for the case that the machine has been started anew meanwhile.
   */
  z.object({
    at: z.literal("unconfirmed"),
    running,
    trying: z.number(),
    within: z.number(),
    deadline: z.number(),
    // A state that was written before these were kept is taken as one of an earlier boot.
    boot: z.string().default(""),
    due: z.number().default(0),
  }),
  /**
   * `running` is being put (back) into the kernel; `undone` is what was tried, null at an ordinary start;
   * `attempts` have failed so far.
   */
  z.object({
    at: z.literal("restoring"),
    running,
    undone: undone.nullable(),
    attempts: z.number(),
  }),
  /** Putting it back failed `attempts` times in a row; it will be tried again. `said`: what the kernel said last. */
  z.object({
    at: z.literal("error"),
    running,
    undone: undone.nullable(),
    attempts: z.number(),
    said: z.string(),
  }),
]);
export type State = z.output<typeof stateSchema>;
type Unconfirmed = Extract<State, { at: "unconfirmed" }>;

/** One moment by both clocks (`Clock`), milliseconds each. */
export type Moment = { wall: number; boot: string; monotonic: number };

export type Event =
  | { on: "start"; now: Moment }
  | { on: "apply"; revision: number; within: number }
  | { on: "applied"; now: Moment }
  | { on: "refused"; oldRulesInForce: boolean }
  | { on: "confirm"; revision: number }
  | { on: "revert"; revision: number }
  | { on: "due" }
  | { on: "restored" }
  | { on: "restore-failed"; said: string }
  | { on: "retry" };

export type Command =
  /** Make the kernel hold this revision; answered by `applied` or `refused`. */
  | { do: "switch"; revision: number }
  /** Make the kernel hold what must be in force; answered by `restored` or `restore-failed`. */
  | { do: "restore"; revision: number | null }
  /** Write down how a revision ended, in the same transaction as the state. */
  | { do: "record"; revision: number; outcome: "confirmed" | Undone["outcome"] }
  | { do: "arm"; ms: number }
  | { do: "disarm" }
  | { do: "retry-in"; ms: number };

export type Step = { state: State; commands: Command[] };
export type Refusal = {
  refused: "busy" | "nothing-unconfirmed" | "other-revision";
};

/**
 * The first pause before putting the old rules back is tried again; it doubles up to the last. A machine whose tools
 * fail for a moment (a lock, memory) is back within seconds; one that is broken is not hammered.
 */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

/** What an event makes of a state. An event that comes too late for its state (a timer, mostly) changes nothing. */
export function step(state: State, event: Event): Step | Refusal {
  switch (event.on) {
    case "start":
      return start(state, event.now);
    case "apply":
      if (state.at !== "idle") return { refused: "busy" };
      return {
        state: {
          at: "applying",
          running: state.running,
          trying: event.revision,
          within: event.within,
        },
        commands: [{ do: "switch", revision: event.revision }],
      };
    case "applied":
      return state.at === "applying" ? applied(state, event.now) : stay(state);
    case "refused":
      return refused(state, event.oldRulesInForce);
    case "confirm":
    case "revert":
      if (state.at !== "unconfirmed") return { refused: "nothing-unconfirmed" };
      if (state.trying !== event.revision) return { refused: "other-revision" };
      return event.on === "confirm" ? confirmed(state.trying) : undo(state, "reverted");
    case "due":
      return state.at === "unconfirmed" ? undo(state, "expired") : stay(state);
    case "restored":
      return state.at === "restoring" ? restored(state) : stay(state);
    case "restore-failed":
      return state.at === "restoring" ? stuck(state, event.said) : stay(state);
    case "retry":
      return state.at === "error" ? restore(state.running, state.undone, state.attempts) : stay(state);
  }
}

const stay = (state: State): Step => ({ state, commands: [] });

/** What to do with the state that is found on disk. Nothing is armed yet: this process has just begun. */
function start(state: State, now: Moment): Step {
  switch (state.at) {
    case "idle":
      if (state.running === null) return stay(state);
      return restore(state.running, null);
    case "applying":
      return restore(state.running, {
        revision: state.trying,
        outcome: "failed",
      });
    case "unconfirmed": {
      const left = timeLeft(state, now);
      if (left <= 0) return restore(state.running, { revision: state.trying, outcome: "expired" });
      // The machine may have been started anew: what is being tried has to be in force while it is being tried.
      return {
        state: { ...state, ...end(now, left) },
        commands: [
          { do: "arm", ms: left },
          { do: "switch", revision: state.trying },
        ],
      };
    }
    case "restoring":
    case "error":
      return restore(state.running, state.undone);
  }
}

/**
 * Milliseconds until an unconfirmed revision is taken back, never more than it was given. While the machine runs the
 * wall clock has no say in it. After a start anew it is all there is: it may have been set by then, so it can only
 * shorten the time.
 */
export function timeLeft({ within, deadline, boot, due }: Unconfirmed, now: Moment): number {
  const left = boot === now.boot ? due - now.monotonic : deadline - now.wall;
  return Math.min(left, within * 1000);
}

/** A clock that runs a little fast or slow is no reason to name another time than was named before. Milliseconds. */
const SAME_MS = 1_000;

/** The end by the wall clock as it goes now, milliseconds since 1970: what was named, unless it was set meanwhile. */
export function deadlineNow(state: Unconfirmed, now: Moment): number {
  const end = now.wall + timeLeft(state, now);
  return Math.abs(end - state.deadline) < SAME_MS ? state.deadline : Math.round(end / SAME_MS) * SAME_MS;
}

const end = (now: Moment, left: number): Pick<Unconfirmed, "deadline" | "boot" | "due"> => ({
  deadline: now.wall + left,
  boot: now.boot,
  due: now.monotonic + left,
});

function applied(state: Extract<State, { at: "applying" }>, now: Moment): Step {
  if (state.within === 0) return confirmed(state.trying, []);
  const ms = state.within * 1000;
  return {
    state: { ...state, at: "unconfirmed", ...end(now, ms) },
    commands: [{ do: "arm", ms }],
  };
}

function refused(state: State, oldRulesInForce: boolean): Step {
  // At a start the tried revision could not be put into the kernel again.
  if (state.at === "unconfirmed") return undo(state, "failed");
  if (state.at !== "applying") return stay(state);
  if (!oldRulesInForce)
    return restore(state.running, {
      revision: state.trying,
      outcome: "failed",
    });
  return {
    state: { at: "idle", running: state.running },
    commands: [{ do: "record", revision: state.trying, outcome: "failed" }],
  };
}

const confirmed = (revision: number, first: Command[] = [{ do: "disarm" }]): Step => ({
  state: { at: "idle", running: revision },
  commands: [...first, { do: "record", revision, outcome: "confirmed" }],
});

function undo(state: Unconfirmed, outcome: Undone["outcome"]): Step {
  const back = restore(state.running, { revision: state.trying, outcome });
  return { state: back.state, commands: [{ do: "disarm" }, ...back.commands] };
}

const restore = (running: number | null, undone: Undone | null, attempts = 0): Step => ({
  state: { at: "restoring", running, undone, attempts },
  commands: [{ do: "restore", revision: running }],
});

/** The outcome is recorded only now: until the old rules are verified to be back, nothing has ended. */
const restored = (state: Extract<State, { at: "restoring" }>): Step => ({
  state: { at: "idle", running: state.running },
  commands: state.undone ? [{ do: "record", ...state.undone }] : [],
});

function stuck(state: Extract<State, { at: "restoring" }>, said: string): Step {
  const attempts = state.attempts + 1;
  const ms = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS);
  return {
    state: { ...state, at: "error", attempts, said },
    commands: [{ do: "retry-in", ms }],
  };
}

/** The state of applying as the status tells it. */
import { rfc3339 } from "../clock.ts";
import type { Engine } from "../parts.ts";
import type { DriftWatch } from "./drift-watch.ts";
import type { Summary } from "./journal.ts";
import { deadlineNow, type Moment, type State, timeLeft } from "./machine.ts";

type Described = Omit<ReturnType<Engine["state"]>, "repair" | "sets">;

/** `newest`: the newest revision, whatever became of it. */
export function describe(
  state: State,
  watch: Pick<DriftWatch, "reading" | "drift" | "unreadable">,
  newest: Summary | null,
  diskTrouble: string | null,
  now: Moment,
): Described {
  const { reading } = watch;
  const expired = newest?.outcome === "expired" && newest.ended !== null;
  return {
    ...words(state, watch),
    unconfirmed: state.at === "unconfirmed" ? unconfirmed(state, newest, now) : null,
    // A newer revision is a newer apply, after which nobody needs to be told any more.
    expired: expired ? { revision: newest.id, at: rfc3339(newest.ended ?? 0) } : null,
    foreignBehind: reading?.foreignBehind ?? { ip: 0, ip6: 0 },
    warnings: [...(reading?.warnings ?? []), ...(diskTrouble ? [diskTrouble] : [])],
    interfaces: reading?.links.map(({ name }) => name) ?? [],
    tables: reading?.tables ?? {},
    routesIn: reading?.routesIn ?? {},
    eaten: reading?.eaten ?? [],
    judged: reading?.state.ip6 === null ? ["ip"] : ["ip", "ip6"],
  };
}

function unconfirmed(state: Extract<State, { at: "unconfirmed" }>, newest: Summary | null, now: Moment) {
  return {
    revision: state.trying,
    deadline: rfc3339(deadlineNow(state, now)),
    secondsLeft: Math.max(0, timeLeft(state, now) / 1000),
    author: newest?.author ?? "",
  };
}

function words(
  state: State,
  watch: Pick<DriftWatch, "drift" | "unreadable">,
): Pick<Described, "state" | "detail"> {
  const detail = watch.unreadable ?? watch.drift;
  switch (state.at) {
    case "applying":
    case "restoring":
      return { state: "applying", detail: null };
    case "unconfirmed":
      return { state: "unconfirmed", detail };
    case "error":
      return {
        state: "error",
        detail: `The rules of the running revision could not be put back, tried ${times(state.attempts)}: ${state.said}`,
      };
    case "idle":
      if (watch.unreadable) return { state: "error", detail };
      return { state: watch.drift ? "drift" : "in-sync", detail };
  }
}

const times = (number: number): string => (number === 1 ? "once" : `${number} times`);

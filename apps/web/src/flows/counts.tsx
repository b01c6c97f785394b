import { useSyncExternalStore } from "react";
import { timeOrDay } from "../ui/say.ts";
import styles from "./counts.module.css";
import { rateOf, subscribeRates } from "./rates.ts";
import { Sparkline } from "./sparkline.tsx";

const WHOLE = new Intl.NumberFormat("en-US");

function useRate(name: string) {
  return useSyncExternalStore(subscribeRates, () => rateOf(name));
}

/** Packets a second; a dash for a flow that the kernel does not have. */
export function RateCell({ name, spark }: { name: string; spark: boolean }) {
  const rate = useRate(name);
  if (!rate) return <span className={styles.dash}>–</span>;
  return (
    <>
      {spark ? <Sparkline past={rate.past} /> : null}
      <span className="mono">{rate.now === null ? "…" : rateText(rate.now)}</span>
    </>
  );
}

/** Packets counted so far; a zero says since when, and whoever points at a number sees that and when the last came. */
export function HitsCell({ name }: { name: string }) {
  const rate = useRate(name);
  if (!rate) return <span className={styles.dash}>–</span>;
  const since = `since ${timeOrDay(rate.since)}`;
  const last = rate.lastHit === null ? "" : `, the last ${timeOrDay(rate.lastHit)}`;
  return (
    <span title={`${WHOLE.format(rate.packets)} packets ${since}${last}`}>
      <span className="mono">{WHOLE.format(rate.packets)}</span>
      {rate.packets === 0 ? <small className={styles.since}> {since}</small> : null}
    </span>
  );
}

function rateText(rate: number): string {
  return rate > 0 && rate < 1 ? rate.toFixed(1) : WHOLE.format(Math.round(rate));
}

import styles from "./counts.module.css";
import { PAST } from "./rates.ts";

const WIDTH = 44;
const HEIGHT = 14;

/** The last readings, the newest at the right, the highest at the top. */
export function Sparkline({ past }: { past: number[] }) {
  const top = Math.max(...past, 1);
  const step = WIDTH / (PAST - 1);
  const left = WIDTH - (past.length - 1) * step;
  const points = past.map((rate, index) => {
    const y = HEIGHT - 1 - (rate / top) * (HEIGHT - 2);
    return `${(left + index * step).toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg className={styles.spark} width={WIDTH} height={HEIGHT} aria-hidden="true" focusable="false">
      {points.length > 1 ? <polyline points={points.join(" ")} /> : null}
    </svg>
  );
}

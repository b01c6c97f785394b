import { Link, useLocation } from "wouter";
import { useStatus } from "../api/index.ts";
import styles from "./frame.module.css";
import { PLACES } from "./places.ts";

export function Nav() {
  const [location] = useLocation();
  const changes = useStatus().data?.draft.changes ?? 0;
  return (
    <nav className={styles.nav} aria-label="Places">
      {PLACES.map(({ path, label }) => {
        const here = location === path || location.startsWith(`${path}/`);
        return (
          <Link key={path} href={path} aria-current={here ? "page" : undefined}>
            {label}
            {path === "/review" && changes > 0 ? (
              <span className={styles.count}>
                {changes}
                <span className="visually-hidden"> changes</span>
              </span>
            ) : null}
          </Link>
        );
      })}
    </nav>
  );
}

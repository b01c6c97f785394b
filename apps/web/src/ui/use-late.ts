import { useEffect, useState } from "react";

/** True once `on` has been true for 200 ms: what is quicker than that shows no sign of waiting. */
export function useLate(on: boolean, ms = 200): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!on) return setLate(false);
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [on, ms]);
  return on && late;
}

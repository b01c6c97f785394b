/** Whether a button of the pointer or a finger is down. */
let pressed = false;
addEventListener("pointerdown", () => (pressed = true), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (pressed = false), true);

/**
 * Now, or when what is being pressed has got its click. Who leaves a field by pressing a button would else see the
 * field settle between press and release, the button move, and the click miss it.
 */
export function afterPress(run: () => void): void {
  if (!pressed) {
    run();
    return;
  }
  const controller = new AbortController();
  const released = () => {
    controller.abort();
    setTimeout(run);
  };
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, released, { capture: true, signal: controller.signal });
  }
}

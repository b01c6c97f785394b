/** Looks at a place as axe does and as one sees it on a phone: rules of axe, in both themes, and nothing cut off. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright/test";

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };

/** Rules of axe that see colours. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** Axe without a page of its own for each look, since ours has no foreign frames, and with violations told in full only. */
export const axe = (page: Page) =>
  new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });

/**
 * What is wrong with what the page shows now, a sentence for each. In dark only what a theme changes is looked at, and
 * on a phone what a width does: the rest is the same page. Leaves the page light and wide.
 */
export async function look(page: Page, what: string): Promise<string[]> {
  const light = (await axe(page).analyze()).violations;
  const wide = await cut(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = (await axe(page).withRules(COLOUR_RULES).analyze()).violations;
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(PHONE);
  const narrow = await cut(page);
  await page.setViewportSize(DESKTOP);
  const rows = [...light, ...dark.map((one) => ({ ...one, id: `${one.id} in dark` }))];
  return [
    ...rows.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${what}: ${id}: ${html}`)),
    ...(wide > 0 ? [`${what}: ${wide} px wider than the window`] : []),
    ...(narrow > 0 ? [`${what}: ${narrow} px wider than a phone`] : []),
  ];
}

/** Pixels by which the page is wider than its window, once its layout has followed. */
async function cut(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const wider = () => document.documentElement.scrollWidth - window.innerWidth;
    for (let frame = 0; frame < 30 && wider() > 0; frame += 1) {
      await new Promise((done) => requestAnimationFrame(done));
    }
    return wider();
  });
}

import { axe, expect, FIVE, test } from "./lab.ts";

const SIZES = [
  { name: "desktop", width: 1440, height: 900 },
  { name: "phone", width: 360, height: 740 },
];

for (const theme of ["light", "dark"] as const) {
  for (const { name, ...viewport } of SIZES) {
    test(`axe finds nothing and nothing is cut: ${theme}, ${name}`, async ({ lab, page }) => {
      // Some twenty looks at whole places, a few seconds each.
      test.slow();
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(viewport);
      await page.goto(lab.url);
      await expect(page.getByLabel("Token")).toBeVisible();
      const found: string[] = [];
      const look = async (what: string) => {
        const { violations } = await axe(page, theme).analyze();
        found.push(
          ...violations.flatMap(({ id, nodes }) => nodes.map((node) => `${what}: ${id}: ${node.html}`)),
        );
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (wide > 0) found.push(`${what}: ${wide} px wider than the window`);
      };
      await look("sign-in");
      await page.goto(lab.loginLink());
      await expect(page.getByText("No flows: every packet goes on untouched")).toBeVisible();
      await look("empty");
      expect((await lab.rest("PUT", "/api/v1/config", FIVE)).status).toBe(200);
      const changed = `${FIVE}flow web permit match proto tcp dst 192.168.0.77/24 dstport 80`;
      expect((await lab.rest("PUT", "/api/v1/draft", changed, { "if-match": "*" })).status).toBe(200);
      await expect(page.locator("[data-flow=web]")).toBeVisible();
      await look("flows");
      await page.locator("[data-flow=mail]").click();
      await expect(page.getByRole("complementary", { name: "Flow mail" })).toBeVisible();
      await look("panel");
      for (const place of [
        "text",
        "review",
        "history",
        "history/1",
        "history/1?to=draft",
        "paths",
        "kernel",
        "kernel?view=routing",
        "kernel?view=drift",
      ]) {
        await page.goto(`${lab.url}/${place}`);
        await expect(page.getByRole("heading", { level: 1 })).toBeAttached();
        await expect(page.locator("main")).not.toBeEmpty();
        await look(place);
      }
      const etag = Object((await lab.rest("GET", "/api/v1/draft")).json).etag;
      const applied = await lab.rest("POST", "/api/v1/apply", { etag, confirmWithin: 60 });
      expect(applied.status).toBe(200);
      await expect(page.getByRole("region", { name: "Keep these rules?" })).toBeVisible();
      await look("countdown");
      expect(found).toEqual([]);
    });
  }
}

import { existsSync } from "node:fs";
import path from "node:path";
import express, { Router } from "express";
import { Problem } from "../core/platform/problem.ts";

const DIST = path.join(import.meta.dirname, "page/dist");

/** The page at `/playground`, as it was built. Its assets are named by their content, so browsers may keep them for good. */
export function playgroundPage(dist: string = DIST): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const index = path.join(dist, "index.html");
  router.get(["/", ""], (_request, response, next) => {
    if (!existsSync(index)) {
      throw new Problem(
        "unavailable",
        "The playground's page is not built here: run npm ci, or node scripts/setup.ts.",
        {
          code: "page-not-built",
        },
      );
    }
    response.set({
      "cache-control": "no-cache",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
    response.sendFile("index.html", { root: dist, cacheControl: false }, (error?: Error) => {
      if (error !== undefined && !response.headersSent) next(error);
    });
  });
  router.use(
    "/assets",
    express.static(path.join(dist, "assets"), { immutable: true, maxAge: "1y", index: false, redirect: false }),
  );
  return router;
}

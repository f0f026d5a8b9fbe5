import { existsSync } from "node:fs";
import path from "node:path";
import { Router } from "express";
import { Problem } from "../core/platform/problem.ts";

const FILE = path.join(import.meta.dirname, "../widget/dist/widget.js");
/** Pages of every business load it, so a new release must come through within minutes. Seconds. */
const FRESH = 300;

/** `/widget.js`: the script that pages embed, with an ETag, and allowed to pages of every origin. */
export function widget(file: string = FILE): Router {
  const router = Router();
  router.get("/widget.js", (_request, response, next) => {
    if (!existsSync(file)) {
      throw new Problem("notFound", "The widget is not built here: npm run build.", { code: "widget-not-built" });
    }
    response.set({
      "cross-origin-resource-policy": "cross-origin",
      "access-control-allow-origin": "*",
      "cache-control": `public, max-age=${FRESH}, stale-while-revalidate=86400`,
      "content-type": "text/javascript; charset=utf-8",
    });
    response.sendFile(file, { cacheControl: false }, (error?: Error) => {
      if (error !== undefined && !response.headersSent) next(error);
    });
  });
  return router;
}

import type { Express, RequestHandler } from "express";
import helmet from "helmet";

/** How the gateway stands in the network. */
export interface Exposure {
  /** The address that browsers use; headers that force HTTPS are sent only where it is HTTPS. */
  publicUrl: string;
  /** How many proxies stand in front, each of which adds to `X-Forwarded-For`. 0: the peer is the client. */
  trustProxy: number;
}

/**
 * Sets what holds for every answer of the app: whom to believe about the client's address, no advertisement, and
 * headers that allow pages nothing but the hub's own scripts, styles and sockets.
 */
export function secure(app: Express, { publicUrl, trustProxy }: Exposure): void {
  if (!Number.isInteger(trustProxy) || trustProxy < 0) throw new RangeError("trustProxy must be a whole number ≥ 0");
  const https = publicUrl.startsWith("https:");
  app.set("trust proxy", trustProxy === 0 ? false : trustProxy);
  app.disable("x-powered-by");
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", "data:"],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
          ...(https ? { upgradeInsecureRequests: [] } : {}),
        },
      },
      strictTransportSecurity: https,
      xFrameOptions: { action: "deny" },
      referrerPolicy: { policy: "no-referrer" },
    }),
  );
}

/** For everything under `/v1`: what is said of customers is kept by no cache. */
export const noStore: RequestHandler = (_request, response, next) => {
  response.set("cache-control", "no-store");
  next();
};

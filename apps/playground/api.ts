import { Router, type Request, type RequestHandler } from "express";
import type { z } from "zod";
import type { SaidMedia, Say } from "../../adapters/contract/index.ts";
import { invalidField, notFound, Problem } from "../core/platform/problem.ts";
import type { Customers } from "./customers.ts";
import type { Events } from "./events.ts";
import type { Journey } from "./journey.ts";
import type { Phones } from "./phones.ts";
import { Asked, bodyAs, queryAs, readJson, readJsonWithFile } from "./request.ts";
import type { Claims, PlayedChannel } from "./wire.ts";

/** What the control API drives. */
export interface Stage {
  phones: Phones;
  customers: Customers;
  journey: Journey;
  events: Events;
}

/** The playground's control API, for its page and for scripts. Refusals are thrown as Problems. */
export function playgroundApi(stage: Stage): Router {
  const { phones, customers, journey, events } = stage;
  const router = Router({ caseSensitive: true });

  const routes: Record<string, { get?: RequestHandler; post?: RequestHandler }> = {
    "/channels": {
      get: (_request, response) =>
        void response.json({ items: [...phones.all().keys()].map((id) => shapeOf(phones, id)) }),
    },
    "/events": {
      get: (request, response) => events.open(request, response, [{ type: "journey", journey: journey.state() }]),
    },
    "/journey": {
      get: (_request, response) => void response.json(journey.state()),
      async post(request, response) {
        const { story } = bodyAs(Asked.journey, request);
        response.status(202).json(await journey.start(story));
      },
    },
    "/link-codes": {
      async post(request, response) {
        const { channel, as } = bodyAs(Asked.linkCode, request);
        if (!phones.all().has(channel)) throw invalidField("channel", "is not in the playground");
        response.status(201).json(await customers.linkCode(channel, as));
      },
    },
    "/customers/:ref": {
      async get(request, response) {
        response.json(await customers.read(parameter(request, "ref")));
      },
    },
    "/customers/:ref/timeline": {
      async get(request, response) {
        const { before } = queryAs(Asked.page, request);
        response.json(await customers.timeline(parameter(request, "ref"), before));
      },
    },
    "/:channel/say": {
      async post(request, response) {
        const channel = channelOf(request);
        const { text, room, media, ...who } = bodyAs(Asked.say, request);
        const said = {
          ...sayer(channel, who),
          text,
          ...placed(room),
          ...(media === undefined ? {} : { media: fileOf(media) }),
        };
        response.status(202).json(await phones.say(channel, said));
      },
    },
    "/:channel/press": {
      async post(request, response) {
        const channel = channelOf(request);
        const { message, button, room, ...who } = bodyAs(Asked.press, request);
        const pressed = { ...sayer(channel, who), ...placed(room), message, button };
        response.status(202).json(await phones.press(channel, pressed));
      },
    },
    "/:channel/act": {
      async post(request, response) {
        const channel = channelOf(request);
        const { action, as, name } = bodyAs(Asked.act, request);
        const who = sayer(channel, { as, name });
        await phones.act(channel, { ...who, action });
        response.status(202).json({ actions: phones.actions(channel, as) });
      },
    },
    "/:channel/open": {
      async post(request, response) {
        const channel = channelOf(request);
        const { code, ...who } = bodyAs(Asked.open, request);
        const text = await customers.sentByFollowing(channel, code);
        response.status(202).json(await phones.say(channel, { ...sayer(channel, who), text }));
      },
    },
    "/:channel/heard": {
      get(request, response) {
        const channel = channelOf(request);
        const items = phones.heard(channel, queryAs(Asked.as, request).as);
        response.json({ items: items.map((item) => ({ ...item, at: item.at.toISOString() })) });
      },
    },
    "/:channel/screen": {
      get(request, response) {
        const channel = channelOf(request);
        const { as } = queryAs(Asked.as, request);
        response.json({ items: phones.screen(channel, as), actions: phones.actions(channel, as) });
      },
    },
    "/:channel/files/:item": {
      get(request, response) {
        const file = phones.file(channelOf(request), parameter(request, "item"));
        response.set({
          "content-type": file.mime,
          "content-security-policy": "sandbox; default-src 'none'",
          "content-disposition": SHOWN.test(file.mime) ? "inline" : "attachment",
        });
        response.end(file.data);
      },
    },
    "/:channel/customer": {
      async get(request, response) {
        const channel = channelOf(request);
        response.json({ ref: (await customers.at(channel, queryAs(Asked.as, request).as)) ?? null });
      },
    },
  };

  router.use((_request, response, next) => {
    response.set("cache-control", "no-store");
    next();
  });
  for (const [path, { get, post }] of Object.entries(routes)) {
    if (get) router.get(path, get);
    if (post) router.post(path, ...(path === "/:channel/say" ? readJsonWithFile : readJson), post);
    const allow = [...(get ? ["GET", "HEAD"] : []), ...(post ? ["POST"] : [])].join(", ");
    router.all(path, (_request, response) => {
      response.set("allow", allow);
      throw new Problem("methodNotAllowed", `Here only ${allow} can be asked for.`);
    });
  }
  router.use(() => {
    throw notFound("path");
  });
  return router;

  /** @throws {Problem} notFound */
  function channelOf(request: Request): string {
    const channel = parameter(request, "channel");
    phones.of(channel);
    return channel;
  }

  /** Who says something, with the name that the playground knows them by. @throws {Problem} `invalid`, naming `claims` */
  function sayer(
    channel: string,
    who: { as: string; name?: string | undefined; claims?: Claims | undefined },
  ): Omit<Say, "text"> {
    const { as, claims } = who;
    if (claims !== undefined && !shapeOf(phones, channel).signsIn) {
      throw invalidField("claims", "can't be given here: on this channel nobody signs in");
    }
    const known = phones.of(channel).adapter.simulator?.handles.find(({ handle }) => handle === as);
    // Of a signed-in visitor the claims say the name; an anonymous one has none.
    const name = who.name ?? (shapeOf(phones, channel).signsIn ? undefined : known?.name);
    return { as, ...(name === undefined ? {} : { name }), ...(claims === undefined ? {} : { claims }) };
  }
}

/** What a browser may show in a bubble: no document that could run anything. */
const SHOWN = /^(image\/(png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+)$/;

function placed(room: string | undefined): { room?: string } {
  return room === undefined ? {} : { room };
}

function fileOf({ filename, ...media }: NonNullable<z.output<typeof Asked.say>["media"]>): SaidMedia {
  return { ...media, ...(filename === undefined ? {} : { filename }) };
}

function parameter(request: Request, name: string): string {
  const value = request.params[name];
  if (typeof value !== "string") throw new Error(`the route has no parameter ${name}`);
  return value;
}

function shapeOf(phones: Phones, channel: string): PlayedChannel {
  const { adapter, simulator, accountId } = phones.of(channel);
  const handles = adapter.simulator?.handles ?? [];
  return {
    device: adapter.simulator?.device ?? "phone",
    sends: [...(simulator.sends ?? [])],
    rooms: (simulator.rooms ?? []).map(({ id, label }) => ({ id, label })),
    id: adapter.id,
    label: adapter.label,
    accountId,
    handles,
    signsIn: handles.some(({ claims }) => claims !== undefined),
    links: adapter.link !== undefined,
  };
}

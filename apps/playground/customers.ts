import type { Invitation } from "../../adapters/contract/index.ts";
import { readTimeline, type TimelineEntry } from "../core/conversation/timeline.ts";
import { createLinkCode } from "../core/identity/link-codes.ts";
import { findProfiles, readProfile } from "../core/identity/profile.ts";
import { mediaLink } from "../core/media/links.ts";
import type { MediaView } from "../core/media/views.ts";
import type { Parts } from "../core/parts.ts";
import type { Page } from "../core/platform/page.ts";
import { invalidField, Problem } from "../core/platform/problem.ts";
import { FIRST_WORKSPACE } from "../core/platform/workspace.ts";
import type { Phone, Phones } from "./phones.ts";
import type { Answers, Customer, TimelineItem } from "./wire.ts";
import type { z } from "zod";

const PAGE = 60;

/** The unified customers behind the phones. */
export interface Customers {
  /** The customer at a phone, undefined while the hub knows nobody there. @throws {Problem} */
  at(channel: string, as: string): Promise<string | undefined>;
  /** @throws {Problem} notFound */
  read(ref: string): Promise<Customer>;
  /** Older messages. @throws {Problem} notFound; `invalid` when `before` is none of ours */
  timeline(ref: string, before: string | undefined): Promise<{ items: TimelineItem[]; next?: string }>;
  /** A code that joins another phone to the customer at this one, and links that carry it, by channel. @throws {Problem} */
  linkCode(channel: string, as: string): Promise<z.infer<typeof Answers.linkCode>>;
  /** What a customer sends by following an invitation to a channel; the bare code where it has none. @throws {Problem} notFound */
  sentByFollowing(channel: string, code: string): Promise<string>;
}

export function openCustomers(parts: Parts, phones: Phones): Customers {
  async function refAt(channel: string, as: string): Promise<string | undefined> {
    const identifier = identifierAt(phones.of(channel), as);
    if (identifier === undefined) return undefined;
    const [profile] = await findProfiles(parts, FIRST_WORKSPACE, identifier);
    return profile?.ref;
  }

  async function timeline(ref: string, before: string | undefined) {
    const page = await readTimeline(parts, FIRST_WORKSPACE, { ref, limit: PAGE, before });
    return { ...page, items: page.items.map((entry) => itemOf(parts, entry)) } satisfies Page<TimelineItem>;
  }

  async function invitationTo(channel: string, code: string): Promise<Invitation | undefined> {
    const { adapter, accountId } = phones.of(channel);
    const account = await parts.accounts.find(accountId);
    return account === undefined ? undefined : adapter.link?.(account.settings, code);
  }

  return {
    at: refAt,
    timeline,
    async sentByFollowing(channel, code) {
      const invitation = await invitationTo(channel, code);
      if (invitation === undefined) return code;
      return invitation.say ?? phones.of(channel).simulator.opens?.(invitation.url) ?? code;
    },
    async read(ref) {
      const [profile, page] = await Promise.all([readProfile(parts, FIRST_WORKSPACE, ref), timeline(ref, undefined)]);
      const name = profile.attributes["name"]?.value;
      return {
        ref: profile.ref,
        ...(name === undefined ? {} : { name }),
        identifiers: profile.identifiers.map(({ type, value, assurance, owned, channel }) => ({
          type,
          label: labelOf(parts, type),
          value,
          assurance,
          owned,
          ...(channel === undefined ? {} : { channel }),
        })),
        attributes: Object.entries(profile.attributes).map(([attribute, { conflicts, ...kept }]) => ({
          name: attribute,
          kept: said(kept),
          others: conflicts.map(said),
        })),
        timeline: page,
      };
    },
    async linkCode(channel, as) {
      const ref = await refAt(channel, as);
      if (ref === undefined) {
        throw new Problem("conflict", "The hub does not know this customer yet: they have to write first.");
      }
      const { code, expiresAt } = await createLinkCode(parts, { workspaceId: FIRST_WORKSPACE, ref });
      const links: Record<string, string> = {};
      for (const id of phones.all().keys()) {
        const invitation = await invitationTo(id, code);
        if (invitation !== undefined) links[id] = invitation.url;
      }
      return { code, expiresAt: expiresAt.toISOString(), links };
    },
  };
}

function identifierAt({ simulator }: Phone, as: string): { type: string; value: string } | undefined {
  try {
    return simulator.identifier?.(as);
  } catch (error) {
    throw invalidField("as", error instanceof Error ? error.message : "is no handle of this channel");
  }
}

/** Types that mean the same on every channel; the others are named by the adapter that brings them. */
const COMMON = new Map([
  ["phone", "Phone"],
  ["email", "E-mail"],
  ["external", "Customer number"],
]);

function labelOf(parts: Pick<Parts, "adapters">, type: string): string {
  const named = [...parts.adapters.values()].map((adapter) => adapter.identifiers[type]).find((n) => n !== undefined);
  return COMMON.get(type) ?? named ?? type;
}

function said({ value, at, source }: { value: string; at: Date; source: string }) {
  return { value, at: at.toISOString(), source };
}

function itemOf(parts: Pick<Parts, "vault">, entry: TimelineEntry): TimelineItem {
  const { id, channel, direction, author, kind, text, at, state, parked, media } = entry;
  return {
    id,
    channel,
    direction,
    author,
    kind,
    text,
    at: at.toISOString(),
    ...(state === undefined ? {} : { state }),
    ...(parked === undefined ? {} : { parked }),
    ...(media === undefined ? {} : { files: media.map((file) => fileOf(parts, file)) }),
  };
}

function fileOf({ vault }: Pick<Parts, "vault">, file: MediaView): NonNullable<TimelineItem["files"]>[number] {
  const { id, kind, mime, filename, state, error } = file;
  return {
    id,
    kind,
    ...(mime === undefined ? {} : { mime }),
    ...(filename === undefined ? {} : { filename }),
    // The page is served from where the files are.
    ...(state === "stored" ? { url: mediaLink(vault, "", { workspaceId: FIRST_WORKSPACE, id }) } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

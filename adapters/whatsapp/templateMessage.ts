import { SendError } from "../contract/index.ts";
import type { Json, TemplateMessage } from "../contract/index.ts";

/**
 * Names of a template's variables, as the hub knows them. Meta counts, or names, anew in each part of a template: what stands
 * in the body keeps its name (`1`, `order`), the other parts say where they are: `header.1`, `button.0.1` (the end of the first
 * button's URL), `button.1.code` (a code to copy). `media.image`, `media.video` and `media.document` are the public URL of
 * the file above the text.
 */
const VARIABLE =
  /^(?:(?<body>\w+)|header\.(?<header>\w+)|media\.(?<media>image|video|document)|button\.(?<index>\d{1,2})\.(?<button>\w+))$/;

/** What {@link VARIABLE} calls the one variable of a button that copies a code. */
export const COPIED_CODE = "code";

type Payload = Record<string, Json>;
type Parameter = { at: string; value: Payload };

/**
 * A template with its variables, as the API takes it; `header` is a file that goes above its text.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
 * @throws {SendError} `never` when a variable has a name that no template's has
 */
export function templatePayload(template: TemplateMessage, header?: Payload): Payload {
  const { name, language, variables } = template;
  const parts = new Map<string, { component: Payload; parameters: Parameter[] }>();
  const partOf = (key: string, component: Payload) => {
    const part = parts.get(key) ?? { component, parameters: [] };
    parts.set(key, part);
    return part.parameters;
  };
  if (header !== undefined) partOf("header", { type: "header" }).push({ at: "", value: header });
  for (const [variable, value] of Object.entries(variables)) {
    const found = VARIABLE.exec(variable)?.groups;
    if (found === undefined) throw new SendError("never", "a variable's name is none that a WhatsApp template has");
    const { body, header: above, media, index = "", button = "" } = found;
    if (body !== undefined) partOf("body", { type: "body" }).push(parameter(body, value));
    else if (above !== undefined) partOf("header", { type: "header" }).push(parameter(above, value));
    else if (media !== undefined) {
      if (header !== undefined) continue; // The message brings the file itself.
      partOf("header", { type: "header" }).push({ at: "", value: { type: media, [media]: { link: value } } });
    } else {
      const code = button === COPIED_CODE;
      const component = { type: "button", sub_type: code ? "copy_code" : "url", index };
      partOf(`button.${index}`, component).push(
        code ? { at: "", value: { type: "coupon_code", coupon_code: value } } : parameter(button, value),
      );
    }
  }
  const components = [...parts.values()].map(({ component, parameters }) => ({
    ...component,
    parameters: parameters.toSorted(byPlace).map((each) => each.value),
  }));
  return {
    type: "template",
    template: { name, language: { code: language }, ...(components.length === 0 ? {} : { components }) },
  };
}

/** Variables have numbers, and then their order is what counts, or names. */
function parameter(at: string, value: string): Parameter {
  const text = { type: "text", text: oneLine(value) };
  return { at, value: /^\d+$/.test(at) ? text : { ...text, parameter_name: at } };
}

function byPlace(x: Parameter, y: Parameter): number {
  return Number(x.at) - Number(y.at) || 0;
}

/** Meta refuses line breaks, tabs and more than four spaces in a row within a variable. */
function oneLine(value: string): string {
  return value.replace(/\s*[\n\r\t]\s*| {5,}/g, " ").trim();
}

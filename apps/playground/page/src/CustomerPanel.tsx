import type { Customer, PlayedChannel } from "../../wire.ts";
import { Timeline } from "./Timeline.tsx";

const ASSURANCE = ["claimed", "asserted", "by the platform", "signed", "proven"];

/** The unified customer: who they are, how that is known, and everything that was said on any channel. */
export function CustomerPanel(props: {
  customer: Customer | undefined;
  /** Equal customers have an equal colour on the phones. */
  place: number;
  /** How many of the phones are this customer's. */
  phones: number;
  others: { ref: string; name: string | undefined; place: number; channel: string | undefined }[];
  channels: PlayedChannel[];
  hues: ReadonlyMap<string, string>;
  onUse: (channel: string) => void;
}) {
  const { customer, place, phones, others, channels, hues, onUse } = props;
  const labelOf = (id: string) => channels.find((channel) => channel.id === id)?.label ?? id;
  return (
    <aside className="customer" aria-label="The unified customer">
      {customer === undefined ? (
        <div className="customer-empty">
          <h2>One customer</h2>
          <p>
            Say something on any phone: who that is, and everything said on every channel, appears here as it happens.
          </p>
        </div>
      ) : (
        <>
          <header className="customer-head">
            <h2>
              <span className={`dot who-${place % 6}`} aria-hidden="true" />
              {customer.name ?? "Unknown visitor"}
            </h2>
            <p>
              {phones === 1 ? "on one phone" : `on ${phones} phones`} · <code>{customer.ref}</code>
            </p>
            {others.length > 0 && (
              <p className="customer-others">
                <span>Also here:</span>
                {others.map((other) => (
                  <button
                    key={other.ref}
                    type="button"
                    className="quiet"
                    onClick={() => other.channel !== undefined && onUse(other.channel)}
                  >
                    <span className={`dot who-${other.place % 6}`} aria-hidden="true" />{" "}
                    {other.name ?? "Unknown visitor"}
                  </button>
                ))}
              </p>
            )}
          </header>
          <div className="customer-body" tabIndex={0} role="region" aria-label="Profile and timeline">
            <Known customer={customer} labelOf={labelOf} hues={hues} />
            <Timeline key={customer.ref} customer={customer} labelOf={labelOf} hues={hues} />
          </div>
        </>
      )}
    </aside>
  );
}

function Known(props: { customer: Customer; labelOf: (id: string) => string; hues: ReadonlyMap<string, string> }) {
  const { customer, labelOf } = props;
  return (
    <>
      <h3>Identifiers</h3>
      <ul className="identifiers">
        {customer.identifiers.map(({ type, label, value, assurance, owned, channel }) => (
          <li key={`${type} ${value}`}>
            <span className="id-value" title={value}>
              {value}
            </span>
            <span className="id-label">
              {label}
              {channel === undefined ? "" : ` · ${labelOf(channel)}`}
            </span>
            <span className="id-assurance" data-level={assurance}>
              {ASSURANCE[assurance] ?? assurance}
              {owned ? "" : ", not proven"}
            </span>
          </li>
        ))}
      </ul>
      {customer.attributes.length > 0 && (
        <>
          <h3>Attributes</h3>
          <dl className="attributes">
            {customer.attributes.map(({ name, kept, others }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  {kept.value} <span className="source">{labelOf(kept.source)}</span>
                  {others.map((other) => (
                    <span key={`${other.source} ${other.value}`} className="conflict">
                      differs: {other.value} <span className="source">{labelOf(other.source)}</span>
                    </span>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </>
  );
}

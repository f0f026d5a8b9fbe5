import { useId, useState, type FormEvent } from "react";
import type { Claims, PlayedChannel } from "../../wire.ts";
import type { Holder } from "./personas.ts";

/** Chooses who holds a phone: one that the channel offers, or anybody. */
export function HolderForm(props: { channel: PlayedChannel; holder: Holder; onHand: (holder: Holder) => void }) {
  const { channel, holder, onHand } = props;
  const id = useId();
  const [handle, setHandle] = useState(holder.handle);
  const [name, setName] = useState(holder.name);
  const [phone, setPhone] = useState(textOf(holder.claims, "phone_number"));
  const [email, setEmail] = useState(textOf(holder.claims, "email"));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const as = handle.trim();
    if (as === "") return;
    const offered = channel.handles.find((persona) => persona.handle === as);
    const sub = textOf(holder.handle === as ? holder.claims : offered?.claims, "sub") || as;
    const claims = { sub, ...told({ name, phone, email }) };
    onHand({ handle: as, name: name.trim(), signedIn: holder.signedIn, ...(channel.signsIn ? { claims } : {}) });
  };

  return (
    <form className="holder" onSubmit={submit}>
      <div className="holder-offers">
        {channel.handles.map((persona) => (
          <button
            key={persona.handle}
            type="button"
            className="chip"
            aria-pressed={persona.handle === holder.handle}
            onClick={() => onHand({ ...persona, signedIn: holder.signedIn })}
          >
            {persona.name}
          </button>
        ))}
      </div>
      <label htmlFor={`${id}-handle`}>{channel.signsIn ? "Browser" : "Handle"}</label>
      <input id={`${id}-handle`} value={handle} required maxLength={200} onChange={(e) => setHandle(e.target.value)} />
      <label htmlFor={`${id}-name`}>Name</label>
      <input id={`${id}-name`} value={name} maxLength={100} onChange={(e) => setName(e.target.value)} />
      {channel.signsIn && (
        <>
          <label htmlFor={`${id}-phone`}>Verified phone</label>
          <input
            id={`${id}-phone`}
            type="tel"
            value={phone}
            maxLength={40}
            onChange={(e) => setPhone(e.target.value)}
          />
          <label htmlFor={`${id}-email`}>Verified e-mail</label>
          <input
            id={`${id}-email`}
            type="email"
            value={email}
            maxLength={200}
            onChange={(e) => setEmail(e.target.value)}
          />
          <p className="holder-note">The shop vouches for these while the visitor is signed in.</p>
        </>
      )}
      <button type="submit" className="primary">
        Use this phone
      </button>
    </form>
  );
}

function textOf(claims: Claims | undefined, claim: string): string {
  const value = claims?.[claim];
  return typeof value === "string" ? value : "";
}

/** What the shop would sign, in the names of OpenID Connect. */
function told({ name, phone, email }: { name: string; phone: string; email: string }): Claims {
  return {
    ...(name.trim() === "" ? {} : { name: name.trim() }),
    ...(phone.trim() === "" ? {} : { phone_number: phone.trim(), phone_number_verified: true }),
    ...(email.trim() === "" ? {} : { email: email.trim(), email_verified: true }),
  };
}

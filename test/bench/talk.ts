/** What customers say: questions of every kind that the shop's generator knows, and some that it does not. */
export const PHRASES = [
  "Hi, how much is the ErgoComfort Pro?",
  "What is your return policy?",
  "How long does shipping take?",
  "Can you compare the ErgoComfort Pro and the ErgoMax?",
  "Do you ship to Canada?",
  "Is there a warranty on the standing desk?",
  "Which chair is best for back pain?",
  "Thanks, that helps a lot!",
  "What colours does the mesh chair come in?",
  "Can I pay by invoice?",
  "Where is my order?",
  "Does the footrest tilt? My desk is rather high.",
  "Do you sell pizza?",
  "How do I assemble the chair?",
];

/** The phone number of a simulated customer. */
export function phoneOf(customer: number): string {
  return `+1415${String(5_000_000 + customer)}`;
}

import { call } from "../api.js";

const PAGE = 200;

/**
 * The queues of the review room. `load` gives items `{image, told}`, where `told` is what the machine or others said; it is
 * shown only after the answer, and never for held-out images. `params` are added to the answer's `labels.set`.
 */
export const QUEUES = [
  {
    name: "errors",
    title: "Likely errors",
    explains: "Labels that a model, trained without them, contradicts. Bring scores with labels.update_scores.",
    load: async (label) => (await call("labels.issues", { label, limit: PAGE })).issues.map(({ image, given, score }) => ({
      image,
      told: `labeled ${given ? "yes" : "no"}, the model gives yes ${percent(score)}`,
    })),
  },
  {
    name: "disagreements",
    title: "Disagreements",
    explains: "Images of which annotators said different things. Your answer settles it.",
    load: async (label) => (await call("labels.disagreements", { label, limit: PAGE })).disagreements.map(({ image, opinions }) => ({
      image,
      told: opinions.map(({ annotator, value }) => `${annotator || "somebody"}: ${value ? "yes" : "no"}`).join(", "),
    })),
  },
  {
    name: "double",
    title: "Second opinions",
    explains: "Images that one other annotator has labeled. Your answer is kept beside theirs.",
    load: async (label, shell, session) => (await call("labels.next", { label, strategy: "double", limit: 24, annotator: shell.annotator, session }))
      .images.map((image) => ({ image, told: null })),
    params: { opinion: true },
  },
  {
    name: "positives",
    title: "Predicted positives",
    explains: "Unlabeled images that the model is surest of. Bring confidences with labels.update_predictions.",
    load: async (label, shell, session) => (await call("labels.next", { label, strategy: "hunt", limit: 24, annotator: shell.annotator, session }))
      .images.map((image) => ({ image, told: null })),
  },
  {
    name: "holdout",
    title: "Hold-out, blind",
    explains: "Held-out images in random order. What is said of them is never shown, not even here.",
    isBlind: true,
    load: async (label, shell) => (await call("holdout.next", { label, limit: 24, annotator: shell.annotator }))
      .images.map((image) => ({ image: { ...image, filename: `image ${image.id}`, study_id: null, frame_number: null }, told: null })),
  },
];

function percent(share) {
  return `${Math.round(share * 100)} %`;
}

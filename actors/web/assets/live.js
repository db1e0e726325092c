// Keeps the parts of a page fresh that carry data-live="name": the server sends {name, html} and the part is replaced.
// The line is closed while the page is hidden, so that a forgotten tab costs nothing.

const from = document.body.dataset.liveFrom;
const lost = document.querySelector(".line-lost");
let line = null;

function replace({ name, html }) {
  for (const part of document.querySelectorAll("[data-live]")) {
    if (part.dataset.live !== name || part.innerHTML === html) continue;
    // Whoever is typing or tabbing in the part keeps it as it is until they leave.
    if (part.contains(document.activeElement) && document.activeElement !== document.body) continue;
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
    part.innerHTML = html;
    part.querySelectorAll(".scroll").forEach((box, index) => { box.scrollLeft = scrolled[index] ?? 0; });
  }
}

function open() {
  if (line || !from) return;
  line = new EventSource(from);
  line.addEventListener("fragment", (event) => replace(JSON.parse(event.data)));
  line.addEventListener("open", () => { lost.hidden = true; });
  line.addEventListener("error", () => {
    // A refused line (the session has ended) is not tried again by the browser: the reload shows the sign-in page.
    if (line && line.readyState === EventSource.CLOSED) close();
    lost.hidden = false;
  });
}

function close() {
  if (line) line.close();
  line = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close);
open();

// A form with data-upload sends its one file as it is; what came of it is told by the server's live part.
for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = form.querySelector("input[type=file]").files[0];
    const refusal = document.querySelector("[data-upload-refusal]");
    const button = form.querySelector("button");
    const query = new URLSearchParams({ name: file.name });
    for (const box of form.querySelectorAll("input[type=checkbox]")) query.set(box.name, String(box.checked));
    refusal.hidden = true;
    button.disabled = true;
    try {
      const answer = await fetch(`${form.dataset.upload}?${query}`, { method: "POST", body: file });
      if (answer.redirected) location.reload();
      if (!answer.ok) throw new Error((await answer.json()).text);
    } catch (error) {
      refusal.textContent = error.message;
      refusal.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}

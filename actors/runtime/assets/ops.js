// Keeps the page fresh: takes the new <main> every few seconds, while it is looked at and nobody is in the middle of something.
const EVERY_MS = 5000;

async function refresh() {
  const main = document.querySelector("main[data-live]");
  if (document.hidden || main.contains(document.activeElement)) return;
  const answer = await fetch("/ops", { headers: { Accept: "text/html" } });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main[data-live]");
  for (const open of main.querySelectorAll("details[open]")) {
    const same = fresh.querySelector(`#${CSS.escape(open.id)}`);
    if (same) same.open = true;
  }
  main.replaceWith(fresh);
}

setInterval(() => refresh().catch(() => {}), EVERY_MS);

// Comfort only: without it everything can be read, opened and printed but for closed evidence.
"use strict";
const all = document.querySelectorAll("article details");
const setAll = (open) => all.forEach((each) => { each.open = open; });
const filter = document.getElementById("filter");
if (filter) {
  const rows = [...document.querySelectorAll(".overview tbody tr")].map((row) => {
    const article = document.getElementById(row.dataset.check);
    const reason = article.querySelector(".reason")?.textContent ?? "";
    return { row, article, words: `${row.textContent} ${reason}`.toLowerCase() };
  });
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const { row, article, words } of rows) {
      const fits = wanted.every((word) => words.includes(word));
      row.hidden = article.hidden = !fits;
      shown += fits;
    }
    document.getElementById("found").textContent = `${shown} of ${rows.length}`;
  });
  document.getElementById("expand").addEventListener("click", () => setAll(true));
  document.getElementById("collapse").addEventListener("click", () => setAll(false));
  document.querySelector(".filter").hidden = false;
}
let before = [];
addEventListener("beforeprint", () => { before = [...all].map((each) => each.open); setAll(true); });
addEventListener("afterprint", () => all.forEach((each, at) => { each.open = before[at]; }));

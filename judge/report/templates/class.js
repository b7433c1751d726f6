"use strict";
const table = document.querySelector("table.students");
const body = table.tBodies[0];
const value = (row, column) => {
  const text = row.cells[column].dataset.v ?? row.cells[column].textContent;
  return text !== "" && isFinite(text) ? Number(text) : text;
};
const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b);
};
for (const heading of table.tHead.rows[0].cells) {
  heading.querySelector("button").addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].sort((a, b) => compare(value(a, heading.cellIndex), value(b, heading.cellIndex)));
    body.append(...(down ? rows.reverse() : rows));
  });
}
const filter = document.querySelector("#filter");
const count = document.querySelector("#count");
filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  let shown = 0;
  for (const row of body.rows) {
    row.hidden = !row.dataset.name.includes(wanted);
    shown += !row.hidden;
  }
  count.textContent = `${shown} / ${body.rows.length}`;
});

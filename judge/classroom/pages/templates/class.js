"use strict";
const shown = (cell) => cell.dataset.v ?? cell.textContent.trim();
const number = (text) => (text === "" || isNaN(text) ? null : Number(text));

function compare(a, b, down) {
  if (a === "" || b === "") return (a === "") - (b === ""); // what is not known comes last, whichever way
  const [x, y] = [number(a), number(b)];
  const order = x !== null && y !== null ? x - y : a.localeCompare(b, undefined, { numeric: true });
  return down ? -order : order;
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      // A column of numbers begins with the largest, one of names with the first.
      const before = heading.getAttribute("aria-sort");
      const down = before === null ? !heading.classList.contains("text") : before === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => [shown(row.cells[column]), row]);
      rows.sort(([a], [b]) => compare(a, b, down));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}

const filter = document.querySelector("#filter");
const rows = [...document.querySelector("table.students").tBodies[0].rows];
const apply = () => {
  const words = filter.value.toLowerCase().split(/\s+/);
  for (const row of rows) row.hidden = !words.every((word) => row.dataset.s.includes(word));
  document.querySelector("#count").textContent = `${rows.filter((row) => !row.hidden).length} / ${rows.length}`;
};
filter.addEventListener("input", apply);
apply(); // a browser may remember what was typed before

"use strict";
// Search: blanks do not count, so that example.com is found in "example . com"; capitals do not count either.
(() => {
  const get = (id) => document.getElementById(id);
  const [form, wanted, found, only] = ["search", "wanted", "found", "only"].map(get);
  const folds = () => Array.from(document.querySelectorAll("details"));
  const squeeze = (text) => text.replace(/\s+/g, "").toLowerCase();
  const lines = Array.from(document.querySelectorAll("main .line"));
  const texts = lines.map((line) => squeeze(line.textContent));
  let hits = [];
  let here = -1;
  // How things were folded before the search opened what it found.
  let before = null;

  const restore = () => {
    if (before) before.forEach(([fold, open]) => { fold.open = open; });
    before = null;
  };

  const show = (index) => {
    if (hits[here]) hits[here].classList.remove("here");
    if (hits.length === 0) return;
    here = (index + hits.length) % hits.length;
    hits[here].classList.add("here");
    hits[here].scrollIntoView({ block: "nearest" });
    found.value = `${here + 1} of ${hits.length}`;
  };

  const search = () => {
    const text = squeeze(wanted.value);
    hits.forEach((hit) => hit.classList.remove("hit", "here"));
    hits = text === "" ? [] : lines.filter((_, index) => texts[index].includes(text));
    here = -1;
    found.value = text === "" ? "" : "nothing";
    restore();
    if (text !== "") {
      before = folds().map((fold) => [fold, fold.open]);
      for (const hit of hits) {
        hit.classList.add("hit");
        // A summary is seen without opening its own fold.
        let fold = hit.closest("details");
        if (fold && hit.tagName === "SUMMARY") fold = fold.parentElement.closest("details");
        for (; fold; fold = fold.parentElement.closest("details")) fold.open = true;
      }
    }
    filter();
    show(0);
  };

  const filter = () => {
    document.body.classList.toggle("only", only.checked && squeeze(wanted.value) !== "");
  };

  const foldAll = (open) => {
    before = null;
    folds().forEach((fold) => { fold.open = open && !fold.matches(".written"); });
  };

  // The next line that can be folded and is seen, up or down.
  const step = (from, by) => {
    const seen = Array.from(document.querySelectorAll("summary")).filter((line) => line.offsetParent);
    const next = seen[seen.indexOf(from) + by];
    if (next) next.focus();
  };

  const onSummary = (event, summary) => {
    const fold = summary.parentElement;
    switch (event.key) {
      case "ArrowDown": step(summary, 1); break;
      case "ArrowUp": step(summary, -1); break;
      case "ArrowRight": fold.open = true; break;
      case "ArrowLeft":
        if (fold.open) fold.open = false;
        else fold.parentElement.closest("details")?.querySelector("summary").focus();
        break;
      default: return;
    }
    event.preventDefault();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("input[type=search]")) {
      if (event.key === "Escape") { wanted.value = ""; search(); wanted.blur(); }
      if (event.key === "Enter") { event.preventDefault(); show(here + (event.shiftKey ? -1 : 1)); }
      return;
    }
    if (event.target.matches("summary")) onSummary(event, event.target);
    switch (event.key) {
      case "/": event.preventDefault(); wanted.focus(); wanted.select(); break;
      case "n": show(here + 1); break;
      case "N": show(here - 1); break;
      case "+": foldAll(true); break;
      case "-": foldAll(false); break;
    }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); show(here + 1); });
  wanted.addEventListener("input", search);
  only.addEventListener("change", filter);
  get("previous").addEventListener("click", () => show(here - 1));
  get("unfold").addEventListener("click", () => foldAll(true));
  get("fold").addEventListener("click", () => foldAll(false));
  form.hidden = false;
  document.querySelector("footer").hidden = false;
})();

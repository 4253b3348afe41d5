// Boards: cards open beside their columns, arrows move between them, and what others do shows where it stands.
// Everything also works without it. It hears from handrail.js when to look, and tells it what it has shown.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const main = one("[data-board]");
  if (!main) return;
  const say = (text) => { const said = one("#said"); if (said) { said.textContent = ""; setTimeout(() => { said.textContent = text; }, 50); } };
  const inField = (element) => element?.matches?.("input, textarea, select");

  // The answer to a form has the form's address, which can't be opened again: a reload goes to the card itself.
  const panel = () => one("[data-panel]");
  if (/^\/board\//.test(location.pathname) && main.dataset.board) {
    const task = panel() && `?task=${encodeURIComponent(panel().dataset.panel.split("/").pop())}`;
    history.replaceState(null, "", main.dataset.board + (task || ""));
  }
  if (/^\/board\//.test(location.pathname)) history.replaceState(null, "", "/boards");

  const get = async (address) => {
    const answer = await fetch(address, { redirect: "manual", headers: { "HX-Request": "true" } }); // what is said stays for a page that is seen
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  };
  const shown = (element) => document.dispatchEvent(new CustomEvent("handrail:shown", { detail: element }));

  // ---- Ages count by themselves ----
  const lasting = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds)), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (whole < 60) return `${whole} s`;
    if (!hours) return `${minutes} min`;
    if (!days) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return hours % 24 && days < 7 ? `${days} d ${hours % 24} h` : `${days} d`;
  };
  const age = () => {
    for (const time of all("[data-since]")) {
      const told = lasting((Date.now() - new Date(time.dateTime)) / 1000);
      if (told !== time.textContent) time.textContent = told;
    }
  };

  // ---- What is new is put where the old stood; what has the focus keeps it, and an open form stays as it is ----
  const same = (left, right) => left.replace(/(data-since="">)[^<]*/g, "$1") === right.replace(/(data-since="">)[^<]*/g, "$1");
  const busy = (element) => !!one("details.pop[open]", element) || all("textarea", element).some((field) => field.value !== field.defaultValue);
  const setPart = (old, fresh) => {
    if (!fresh) return old.remove();
    if (same(old.innerHTML, fresh.innerHTML) && old.className === fresh.className) return;
    const links = all("a, button, summary", old), at = links.indexOf(document.activeElement);
    old.className = fresh.className;
    for (const [name, value] of Object.entries(fresh.dataset)) old.dataset[name] = value;
    old.replaceChildren(...document.importNode(fresh, true).childNodes);
    if (at >= 0) all("a, button, summary", old)[at]?.focus({ preventScroll: true });
    shown(old);
  };
  const setParts = (page) => {
    const status = one("[data-workflow]")?.dataset.workflow;
    for (const old of all("[data-part]")) {
      if (old.closest("[data-panel]") || busy(old)) continue;
      const fresh = one(`[data-part="${CSS.escape(old.dataset.part)}"]`, page);
      if (fresh) setPart(old, fresh);
    }
    for (const link of all(".sections a")) {
      const counted = one(`.sections a[href="${link.getAttribute("href")}"]`, page);
      if (counted && counted.innerHTML !== link.innerHTML) link.replaceChildren(...document.importNode(counted, true).childNodes);
    }
    const now = one("[data-workflow]");
    if (now && now.dataset.workflow !== status) say(`The team: ${now.textContent}`);
  };
  const setCards = (page) => {
    const focused = document.activeElement?.closest("[data-card]")?.dataset.card;
    const here = new Map(all("[data-card]").map((card) => [card.dataset.card, card]));
    for (const list of all("[data-cards]")) {
      let at = list.firstElementChild;
      for (const fresh of all(`[data-cards="${list.dataset.cards}"] > li`, page)) {
        let card = here.get(fresh.dataset.card);
        const from = card?.parentElement;
        if (!card) card = document.importNode(fresh, true);
        else if (!same(card.innerHTML, fresh.innerHTML)) card.replaceChildren(...document.importNode(fresh, true).childNodes);
        card.className = fresh.className;
        if (from !== list) card.classList.add("is-new");
        if (card === at) at = at.nextElementSibling;
        else list.insertBefore(card, at);
      }
      while (at) { const next = at.nextElementSibling; at.remove(); at = next; }
    }
    if (focused && document.activeElement === document.body) cardOf(focused)?.focus({ preventScroll: true });
  };
  const cardOf = (key) => one(`[data-card="${CSS.escape(key)}"] a`);

  // ---- The open card: what is being read stays; a newer result, or another state while somebody writes, is told ----
  const PARTS = ["panel-status", "panel-facts", "feedback", "rounds", "log"];
  const partOf = (name, within) => one(`[data-part="${name}"]`, within);
  const notice = (text) => {
    const old = one("[data-live-notice]", panel());
    if (old && one("span", old).textContent === text) return disable(text);
    old?.remove();
    const strip = Object.assign(document.createElement("div"), { className: "strip is-soon" });
    const words = Object.assign(document.createElement("span"), { textContent: text });
    const link = Object.assign(document.createElement("a"), { className: "btn push", href: location.pathname + `?task=${encodeURIComponent(panel().dataset.panel.split("/").pop())}`, textContent: "Show it" });
    strip.setAttribute("role", "status");
    strip.dataset.liveNotice = "";
    strip.append(words, link);
    one(".bar", panel()).after(strip);
    disable(text);
  };
  const disable = (text) => {
    for (const verb of all("[data-part=decide] .btn", panel())) { verb.setAttribute("aria-disabled", "true"); verb.title = text; }
  };
  const setPanel = (page) => {
    const old = panel(), fresh = one("[data-panel]", page);
    if (!old || fresh?.dataset.panel !== old.dataset.panel) return;
    for (const name of PARTS) {
      const part = partOf(name, old), now = partOf(name, fresh);
      if (part) setPart(part, now);
      else if (now) partOf("log", old).before(document.importNode(now, true));
    }
    const result = partOf("result", old), newer = partOf("result", fresh), reads = one("[data-evidence]", result);
    const moved = old.dataset.state !== fresh.dataset.state, decide = partOf("decide", old);
    if (!busy(decide)) setPart(decide, partOf("decide", fresh)); // its verbs rest below, where the result is not what is read
    if (reads && result.dataset.revision !== newer.dataset.revision) return notice(`Revision ${newer.dataset.revision} arrived while you were reading ${result.dataset.revision}.`);
    if (moved && busy(decide)) return notice(`It is ${partOf("panel-status", fresh).textContent.trim().toLowerCase()} now; what you type is kept.`);
    if (!reads) setPart(result, newer);
    old.dataset.state = fresh.dataset.state;
  };
  const setRows = (page) => {
    const known = all("[data-row]");
    if (!known.length) return one("[data-row]", page) && location.reload(); // nothing is being read
    const now = new Map(all("[data-row]", page).map((row) => [row.dataset.row, row]));
    for (const row of known) {
      const fresh = now.get(row.dataset.row);
      now.delete(row.dataset.row);
      if (fresh && fresh.innerHTML !== row.innerHTML && !row.contains(document.activeElement)) row.replaceChildren(...document.importNode(fresh, true).childNodes);
    }
    const place = one("[data-arrivals-of]"), first = known[0], before = all("[data-row]", page).findIndex((row) => row.dataset.row === first.dataset.row);
    if (before > 0) { place.hidden = false; one("a", place).textContent = `${before} new`; }
  };
  const set = (page) => {
    setParts(page);
    setCards(page);
    if (main.querySelector(".listing, .empty")) setRows(page);
    age();
  };
  let looking = false, again = false;
  const look = async () => {
    if (looking) { again = true; return; }
    looking = true;
    const address = location.href, began = Date.now(), page = await get(address).catch(() => null); // the stream tells
    if (page && location.href === address) { set(page); setPanel(page); }
    // A large board takes its time: it isn't asked for without a break.
    await new Promise((done) => { setTimeout(done, Math.min(5000, 3 * (Date.now() - began))); });
    looking = false;
    if (again) { again = false; look(); }
  };
  const here = (run) => run === "*" || !main.dataset.run || run === main.dataset.run || run.startsWith(`${main.dataset.run}/`);
  document.addEventListener("handrail:look", ({ detail: runs }) => { if (runs.some(here)) look(); });

  // ---- Opening and closing without leaving the board ----
  const app = one(".app");
  let back = 0;
  const go = async (address, push) => {
    const was = panel()?.dataset.panel, page = await get(address).catch(() => null);
    const fresh = page && one("[data-panel]", page);
    if (!page || !one("[data-board]", page) || (!fresh && new URL(address, location).searchParams.get("task"))) return location.assign(address);
    if (push) history.pushState(null, "", address);
    if (!was) back = scrollY;
    panel()?.remove();
    one("[data-notice]")?.remove();
    set(page);
    document.title = page.title;
    if (fresh) {
      app.append(document.importNode(fresh, true));
      shown(panel());
      scrollTo(0, 0);
      one("#panel-h").focus({ preventScroll: true });
    } else {
      scrollTo(0, back);
      if (was) cardOf(was)?.focus();
    }
    age();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const address = new URL(link.href);
    if (!main.dataset.board || address.pathname !== main.dataset.board || location.pathname !== main.dataset.board || (address.hash && address.search === location.search)) return;
    event.preventDefault();
    go(address.pathname + address.search + address.hash, true);
  });
  addEventListener("popstate", () => { if (location.pathname === main.dataset.board) go(location.href, false); });

  // ---- Keys ----
  const off = () => /(^|; )handrail-keyboard=off/.test(document.cookie);
  const visible = (within) => all("[data-card]", within).filter((card) => card.checkVisibility());
  const step = (card, key) => {
    const columns = all("[data-cards]").filter((list) => visible(list).length);
    if (!card) return visible(main)[0];
    const list = card.parentElement, cards = visible(list), at = cards.indexOf(card);
    if (key === "ArrowUp" || key === "ArrowDown") return cards[at + (key === "ArrowDown" ? 1 : -1)];
    const beside = columns[columns.indexOf(list) + (key === "ArrowRight" ? 1 : -1)];
    return beside && visible(beside)[Math.min(at, visible(beside).length - 1)];
  };
  document.addEventListener("keydown", (event) => {
    const here = document.activeElement;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing || inField(event.target) || one("dialog[open]")) return;
    if (event.key === "Escape") return one("[data-close]")?.click();
    if (off() || !/^Arrow/.test(event.key) || here.closest("[data-panel], nav, details")) return;
    const from = here.closest("[data-card]") || one("[data-card].lead");
    if (!from && !one("[data-card]")) return;
    event.preventDefault();
    const card = step(from, event.key);
    if (!card) return;
    one("a", card).focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  age();
  setInterval(age, 20000);
  one("[data-card].lead")?.scrollIntoView({ block: "nearest", inline: "nearest" });
})();

// What makes the pages quicker for those who have scripts. Everything also works without it: forms post, links lead.
// Nothing here is optimistic: what a person sees as decided, the server has said.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private window */ } },
  };
  const session = {
    get(key) { try { return sessionStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { value === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, value); } catch { /* private window */ } },
  };
  const say = (text) => {
    let place = one("#said");
    if (!place) {
      place = Object.assign(document.createElement("p"), { id: "said", className: "vh" });
      place.setAttribute("role", "status");
      document.body.append(place);
    }
    place.textContent = text;
  };

  // ---- Moments: relative ones count, exact ones are in the reader's own time zone ----
  const lasting = (seconds) => {
    const whole = Math.floor(Math.abs(seconds)), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
    if (whole < 60) return `${whole} s`;
    if (hours < 1) return `${minutes} min`;
    if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    const days = Math.floor(hours / 24);
    return hours % 24 && days < 7 ? `${days} d ${hours % 24} h` : `${days} d`;
  };
  const due = (seconds) => (seconds < 0 ? `${lasting(seconds)} late` : lasting(seconds));
  const untilOf = (element) => (new Date(element.dataset.due || element.dateTime) - Date.now()) / 1000;
  const tick = () => {
    let soonest = Infinity;
    for (const element of all("[data-countdown], .due[data-due]")) {
      const left = untilOf(element), told = due(left);
      soonest = Math.min(soonest, Math.abs(left));
      if (element.textContent !== told) element.textContent = told;
      if (element.matches(".due")) {
        element.classList.toggle("is-overdue", left <= 0);
        element.classList.toggle("is-soon", left > 0 && left < 3600);
      }
    }
    setTimeout(tick, soonest < 120 ? 1000 : 20000);
  };
  const localise = (within = document) => {
    const today = new Date();
    for (const element of all("time[data-local]", within)) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(+moment)) continue;
      const days = Math.round((new Date(moment).setHours(0, 0, 0, 0) - new Date(today).setHours(0, 0, 0, 0)) / 864e5);
      const clock = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
      const day = { 0: "Today", 1: "Tomorrow", "-1": "Yesterday" }[days]
        || moment.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
      element.textContent = `${day} ${clock}`;
      element.title = moment.toISOString();
    }
  };

  // ---- Drafts: what is typed survives a reload, a login that has expired, and a conflict ----
  const draftKey = (form) => `draft ${form.dataset.draft}`;
  const fieldsOf = (form) => [...form.elements].filter(
    (field) => field.name && !["hidden", "submit", "button", "password"].includes(field.type));
  const draftOf = (form) => JSON.stringify(fieldsOf(form).map(
    (field) => [field.name, field.value, field.checked === undefined ? null : field.checked]));
  const restore = (form) => {
    const saved = store.get(draftKey(form));
    if (!saved || one("#problem")) return; // after a problem the server shows what was sent
    let changed = false;
    try {
      const kept = JSON.parse(saved), fields = fieldsOf(form);
      if (kept.length !== fields.length || kept.some(([name], place) => name !== fields[place].name)) return;
      kept.forEach(([, value, checked], place) => {
        const field = fields[place];
        if (["checkbox", "radio"].includes(field.type)) {
          if (field.value === value && field.checked !== checked) { field.checked = checked; changed = true; }
        } else if (field.value !== value) { field.value = value; changed = true; }
      });
    } catch { store.set(draftKey(form), null); }
    if (changed) {
      const told = Object.assign(document.createElement("p"), { className: "hint kept", textContent: "Your draft from before is back." });
      (one(".row", form) || form).before(told);
    }
  };
  const keepDrafts = () => {
    const sent = session.get("sent");
    if (sent && !one("#problem") && !one(".door")) store.set(sent, null); // it has arrived
    if (!one(".door")) session.set("sent", null);
    for (const form of all("form[data-draft]")) {
      restore(form);
      form.addEventListener("input", () => store.set(draftKey(form), draftOf(form)));
    }
    for (const link of all("[data-discard]")) {
      link.addEventListener("click", () => { const form = link.closest("form"); if (form) store.set(draftKey(form), null); });
    }
  };

  // ---- Sending: said at once, in place, and only once ----
  const sending = () => document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (form.dataset.sent || document.body.dataset.offline !== undefined && form.method === "post") {
      event.preventDefault();
      return;
    }
    if (form.method !== "post") return;
    if (form.dataset.draft) { store.set(draftKey(form), draftOf(form)); session.set("sent", draftKey(form)); }
    if (!button || !button.matches("[data-send]")) return;
    form.dataset.sent = "1";
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Sending…";
    setTimeout(() => { delete form.dataset.sent; button.removeAttribute("aria-disabled"); }, 15000);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // ---- Keys ----
  const off = () => document.cookie.includes("handrail-keyboard=off");
  const inField = (element) => element && (element.isContentEditable || element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select"));
  let inView = !one("[data-evidence]");
  const watchEvidence = () => {
    const evidence = one("[data-evidence]");
    if (!evidence || !("IntersectionObserver" in window)) return;
    const end = Object.assign(document.createElement("span"), { className: "vh-end" });
    evidence.after(end);
    new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) inView = true; }).observe(end);
  };
  const press = (key) => {
    const target = all(`[data-key="${key}"]`).find((each) => each.offsetParent !== null);
    if (!target) return false;
    if (target.matches("[data-approve]") && !inView) { target.focus(); say("Read to the end, or press Enter to approve."); return true; }
    if (target.matches("summary")) { target.parentElement.open = true; one("textarea", target.parentElement)?.focus(); return true; }
    target.click();
    return true;
  };
  const keys = () => document.addEventListener("keydown", (event) => {
    const here = document.activeElement;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = here?.closest?.("form") || one("#answer");
      const button = form && ([...form.elements].find((each) => each.matches("[data-send]:not(.vh)")));
      if (button) { event.preventDefault(); form.requestSubmit(button); }
      return;
    }
    if (event.key === "Escape") {
      const open = all("details.pop[open]").pop();
      if (open) { open.open = false; one("summary", open)?.focus(); event.preventDefault(); return; }
      if (one("dialog[open]")) return;
      if (inField(here)) here.blur();
      return;
    }
    if (off() || event.ctrlKey || event.metaKey || event.altKey || inField(here) || one("dialog[open]")) return;
    switch (event.key) {
      case "/": { const search = one("#q"); if (search) { event.preventDefault(); search.focus(); search.select(); } break; }
      case "?": event.preventDefault(); showKeys(); break;
      case "x": {
        const current = one(".item a[aria-current]")?.closest(".item");
        const box = current && one("input[type=checkbox]", current);
        if (box && !box.disabled) { box.checked = !box.checked; event.preventDefault(); say(box.checked ? "Selected" : "Not selected"); }
        break;
      }
      case "j": case "k": case "a": case "e": case "c": case "r":
        if (press(event.key)) event.preventDefault();
    }
  });
  const showKeys = async () => {
    let dialog = one("#keys");
    if (!dialog) {
      dialog = Object.assign(document.createElement("dialog"), { id: "keys" });
      dialog.setAttribute("aria-label", "Keyboard");
      const answer = await fetch("/keyboard", { headers: { "X-Part": "1" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      dialog.append(...(one("#all-keys", page)?.parentElement.childNodes || []));
      const close = Object.assign(document.createElement("button"), { className: "btn", textContent: "Close" });
      close.addEventListener("click", () => dialog.close());
      dialog.append(close);
      document.body.append(dialog);
    }
    dialog.showModal();
  };

  // ---- Live: counts and times change in place; what is new waits to be let in; what is read never moves ----
  const addressOfList = () => one("[data-list]")?.dataset.list;
  const known = new Set(all("[data-item]").map((item) => item.dataset.item));
  const look = async () => {
    const address = addressOfList();
    if (!address) return;
    let answer;
    try { answer = await fetch(address, { headers: { "X-Part": "1" }, redirect: "manual" }); } catch { return; }
    if (answer.type === "opaqueredirect" || answer.status === 401) { location.reload(); return; }
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of all("[data-count]", page)) {
      for (const old of all(`[data-count="${fresh.dataset.count}"]`)) if (old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh.cloneNode(true));
    }
    const total = one(".list-head .meta", page);
    if (total && one(".list-head .meta")) one(".list-head .meta").textContent = total.textContent;
    const now = new Map(all("[data-item]", page).map((item) => [item.dataset.item, item]));
    for (const item of all("[data-item]")) {
      const fresh = now.get(item.dataset.item);
      item.classList.toggle("is-gone", !fresh);
      if (!fresh) { const told = one(".due", item); if (told) { told.removeAttribute("data-due"); told.textContent = "Done"; told.className = "due"; } continue; }
      const picked = one("input", item)?.checked, current = one("a[aria-current]", item);
      if (fresh.textContent === item.textContent && fresh.className === item.className) continue;
      item.className = fresh.className;
      item.replaceChildren(...fresh.cloneNode(true).childNodes);
      if (picked) one("input", item).checked = true;
      if (current) one("a", item).setAttribute("aria-current", "true");
    }
    const arrived = [...now.keys()].filter((id) => !known.has(id)).length;
    const place = one("[data-arrivals]");
    if (place) {
      place.hidden = !arrived;
      one("button", place).textContent = `${arrived} new`;
      if (arrived && !known.size) letIn(); // nothing is being read that could move
    }
  };
  const letIn = () => {
    const section = one("[data-list]");
    if (!section || !window.htmx) return location.reload();
    const picked = new Set(all(".item input:checked").map((box) => box.value));
    htmx.ajax("GET", section.dataset.list, { target: section, swap: "outerHTML", select: "#list" }).then(() => {
      const open = one("#main")?.dataset.request;
      for (const item of all("[data-item]")) {
        known.add(item.dataset.item);
        if (item.dataset.item === open) one("a", item).setAttribute("aria-current", "true");
        if (picked.has(item.dataset.item)) one("input", item).checked = true;
      }
    });
  };
  const stopVerbs = (why) => {
    for (const verb of all("[data-verbs] .btn, #edit .btn[data-send]")) { verb.setAttribute("aria-disabled", "true"); verb.dataset.stopped = "1"; verb.title = why; }
  };
  const lookAtRequest = async () => {
    const main = one("#main[data-request]");
    if (!main || main.dataset.told) return;
    let answer;
    try { answer = await fetch(`/requests/${encodeURIComponent(main.dataset.request)}/state`); } catch { return; }
    if (!answer.ok) return;
    const state = await answer.json();
    if (String(state.version) === main.dataset.version) return;
    const ended = !["OPEN", "CLAIMED"].includes(state.status);
    const strip = Object.assign(document.createElement("div"), { className: "strip is-soon" });
    strip.setAttribute("role", "status");
    const words = document.createElement("span"), link = Object.assign(document.createElement("a"), { className: "btn push" });
    if (state.newer) {
      words.textContent = `Revision ${state.newer_revision} has arrived while you were reading.`;
      link.href = `/requests/${encodeURIComponent(state.newer)}${location.search}`;
      link.textContent = "Show what changed";
    } else {
      words.textContent = ended ? `${state.winner || "Somebody"} has settled this meanwhile; what you typed is kept.` : state.claimed_by ? `${state.claimed_by} has claimed this.` : "Somebody has said something about this.";
      link.href = location.href.split("#")[0];
      link.textContent = ended ? "See the decision" : "Show it";
    }
    strip.append(words, link);
    one("[data-live-notice]")?.remove();
    strip.dataset.liveNotice = "";
    main.prepend(strip);
    if (ended || state.newer) { main.dataset.told = "1"; stopVerbs(words.textContent); }
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-arrivals] button")) return letIn();
    if (event.target.closest("[data-keyboard]")) { event.preventDefault(); showKeys(); }
    if (event.target.closest('[aria-disabled="true"]')) { event.preventDefault(); event.stopPropagation(); }
  }, true);

  let since = null, source = null, waiting = null, again = 1;
  const offline = () => {
    if (since === null) {
      since = new Date();
      document.body.dataset.offline = "";
      for (const verb of all("[data-verbs] .btn, [data-send]")) if (!verb.hasAttribute("aria-disabled")) { verb.setAttribute("aria-disabled", "true"); verb.dataset.paused = "1"; }
    }
    const clock = since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
    let strip = one("#offline");
    if (!strip) {
      strip = Object.assign(document.createElement("div"), { id: "offline", className: "strip is-soon" });
      strip.setAttribute("role", "status");
      const words = document.createElement("span"), retry = Object.assign(document.createElement("button"), { className: "btn push", type: "button", textContent: "Try now" });
      const strong = Object.assign(document.createElement("b"), { textContent: "Not connected." });
      words.append(strong, ` You see ${clock}. It tries again by itself; what you type is kept.`);
      retry.addEventListener("click", () => { again = 1; connect(); });
      strip.append(words, retry);
      (one("#main") || document.body).prepend(strip);
    }
    one("[data-live-state]")?.setAttribute("hidden", "");
  };
  const online = () => {
    again = 1;
    const back = since !== null;
    since = null;
    delete document.body.dataset.offline;
    one("#offline")?.remove();
    for (const verb of all("[data-paused]")) { verb.removeAttribute("aria-disabled"); delete verb.dataset.paused; }
    const state = one("[data-live-state]");
    if (state) { state.hidden = false; one("span", state).textContent = "Live"; }
    if (back) { say("Connected again."); changed(); }
  };
  let soon = null;
  const changed = () => { clearTimeout(soon); soon = setTimeout(() => { look(); lookAtRequest(); }, 80); };
  const connect = () => {
    clearTimeout(waiting);
    source?.close();
    source = new EventSource(document.body.dataset.live);
    source.onopen = online;
    source.onerror = () => {
      source.close();
      // A session that has ended looks like a lost connection: the page itself tells which it is.
      fetch("/live/alive", { redirect: "manual" }).then(
        (answer) => { if (answer.type === "opaqueredirect" || answer.status === 401) location.reload(); else later(); }, later);
    };
    for (const kind of ["counts", "reset"]) source.addEventListener(kind, changed);
  };
  const later = () => { offline(); waiting = setTimeout(connect, again * 1000); again = Math.min(again * 2, 15); };
  addEventListener("offline", offline);
  addEventListener("online", () => document.body.dataset.live && connect());
  document.addEventListener("visibilitychange", () => { if (!document.hidden && document.body.dataset.live && (!source || source.readyState === 2)) connect(); });

  // ---- Begin ----
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) event.target.form.requestSubmit(); });
  document.addEventListener("toggle", (event) => { if (event.target.matches?.("details.pop") && event.target.open) one("textarea", event.target)?.focus(); }, true);
  localise();
  tick();
  keepDrafts();
  sending();
  keys();
  watchEvidence();
  if (one("[data-notice]")) one("#title")?.focus({ preventScroll: true });
  (one("#problem") || one("[autofocus]"))?.focus();
  if (document.body.dataset.live) connect();
})();

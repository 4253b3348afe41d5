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
  const make = (tag, properties, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };
  const clockOf = (moment) => moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  // What a script fetches nobody sees as it is: the server keeps what it wants to say for the next page.
  const lookAt = (address, options) => fetch(address, { redirect: "manual", headers: { "HX-Request": "true" }, ...options });
  const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

  // A status is read out when its text changes, so its place has to be there before.
  const said = make("p", { id: "said", className: "vh", role: "status" });
  document.body.append(said);
  const say = (text) => { said.textContent = ""; setTimeout(() => { said.textContent = text; }, 50); };

  // The answer to a form has the form's address, which can't be opened again: a reload goes to the request itself.
  const reading = one("#main[data-request]")?.dataset.request;
  if (reading && /^\/requests\/[^/]+\/[a-z]+$/.test(location.pathname)) {
    history.replaceState(null, "", `/requests/${encodeURIComponent(reading)}${location.search}`);
  }

  // ---- Moments: relative ones count, exact ones are in the reader's own time zone ----
  const lasting = (seconds) => {
    const whole = Math.floor(Math.abs(seconds)), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
    if (whole < 120) return `${whole} s`;
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
      const day = { 0: "Today", 1: "Tomorrow", "-1": "Yesterday" }[days]
        || moment.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
      element.textContent = `${day} ${clockOf(moment)}`;
      element.title = moment.toISOString();
    }
  };

  // ---- Drafts: what is typed survives a reload, a login that has expired, and a conflict ----
  const draftKey = (form) => `draft ${form.dataset.draft}`;
  const OURS = ["form_token", "seen"];
  const pairsOf = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !OURS.includes(name));
  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && !["submit", "button", "password"].includes(field.type));
  const shapeOf = (form) => fieldsOf(form).map((field) => field.name).join("\n");
  const keep = (form) => store.set(draftKey(form), JSON.stringify({ shape: shapeOf(form), pairs: pairsOf(form) }));
  const fill = (form, pairs) => {
    const left = pairs.map((pair) => [...pair]);
    const taken = (wanted) => { const at = left.findIndex(wanted); return at < 0 ? null : left.splice(at, 1)[0]; };
    for (const field of fieldsOf(form)) {
      if (OURS.includes(field.name) || field.type === "hidden") continue;
      if (["checkbox", "radio"].includes(field.type)) field.checked = !!taken(([name, value]) => name === field.name && value === field.value);
      else field.value = taken(([name]) => name === field.name)?.[1] ?? field.value;
    }
  };
  // The server makes the fields: it is sent what was typed, and what it answers takes the form's place.
  const refill = async (form, pairs) => {
    const ours = pairsOf(form).length ? [...new FormData(form)].filter(([name]) => OURS.includes(name)) : [];
    const answer = await lookAt(form.action, { method: "POST", body: new URLSearchParams([...ours, ...pairs]) });
    const fresh = answer.ok && one(`#${form.id}`, await parsed(answer));
    if (fresh) form.replaceChildren(...fresh.childNodes);
    return !!fresh;
  };
  const restore = async (form) => {
    let kept;
    try { kept = JSON.parse(store.get(draftKey(form))); } catch { return; }
    if (!kept?.pairs || one("#problem")) return; // after a problem the server shows what was sent
    const before = JSON.stringify(pairsOf(form));
    const stay = one('button[value="stay"]', form);
    if (kept.shape !== shapeOf(form) && !(stay && await refill(form, [...kept.pairs, [stay.name, "stay"]]).catch(() => false))) return;
    fill(form, kept.pairs);
    if (JSON.stringify(pairsOf(form)) !== before) form.prepend(make("p", { className: "hint kept", textContent: "Your draft from before is back." }));
  };
  const keepDrafts = () => {
    // Only what the server says it has done is no draft any more.
    if (one("[data-notice], [data-done]")) store.set(session.get("sent") || "", null);
    session.set("sent", null);
    keepDraftsIn(document);
  };
  const keepDraftsIn = (within) => {
    for (const form of all("form[data-draft]", within)) {
      restore(form);
      form.addEventListener("input", () => keep(form));
    }
    showKept();
  };
  // What was typed into a form that this page has no more: it is shown, to be copied.
  const CALLED = { comment: "Your words", text: "Your comment", to: "Who should decide", reason: "Your reason" };
  const calledOf = (name) => {
    const [prefix, ...path] = name.split("/");
    if (!["answer", "edit"].includes(prefix) || /[!:]|\[\]$/.test(name)) return CALLED[name];
    const words = path.map(decodeURIComponent).join(", ").replace(/[_-]+/g, " ");
    return words ? words[0].toUpperCase() + words.slice(1) : prefix === "answer" && "Your answer";
  };
  const showKept = () => {
    const title = one("#title");
    if (!title || one("[data-verbs] .btn") || one("#problem")) return; // where one may decide a form takes it up
    const moves = ["edit", "request_changes", "reject", "answer", "comment", "reassign", "withdraw"];
    const kept = moves.filter((move) => !one(`form[data-draft="${move} ${reading}"]`)).flatMap((move) => {
      try { return JSON.parse(store.get(`draft ${move} ${reading}`))?.pairs ?? []; } catch { return []; }
    }).map(([name, text]) => [calledOf(name), text]).filter(([called, text]) => called && text.trim());
    if (!kept.length) return;
    const words = kept.flatMap(([called, text]) => [
      make("p", { className: "meta", textContent: called }), make("pre", { className: "source", tabIndex: 0, role: "group", ariaLabel: called, textContent: text }),
    ]);
    title.closest("header").append(make("details", { className: "raw", open: true }, make("summary", { textContent: "What you wrote" }), ...words));
  };
  // An entry more or less: nothing else moves, and what comes in has the focus.
  const change = async (form, button) => {
    const names = new Set(fieldsOf(form).map((field) => field.name)), { name, value } = button;
    const place = all("button", form).indexOf(button);
    const pairs = [...pairsOf(form), [name, value]];
    form.inert = true; // what is typed meanwhile would be lost
    const filled = await refill(form, pairs).catch(() => false);
    form.inert = false;
    if (!filled) { form.dataset.plain = ""; return form.requestSubmit(button); }
    keep(form);
    const fresh = fieldsOf(form).find((field) => field.type !== "hidden" && !names.has(field.name));
    (fresh || all("button:not(.vh)", form)[Math.max(0, place - 2)] || one("h2", form))?.focus();
  };

  // ---- Sending: said at once, in place, and only once ----
  const stopped = () => document.body.dataset.offline !== undefined || document.body.dataset.sent !== undefined;
  const whyNot = (button) => button?.title || one("#offline")?.textContent || (document.body.dataset.sent === undefined ? "Not now." : "It is being sent.");
  const sending = (event) => {
    const form = event.target, button = event.submitter;
    if (form.method !== "post") return;
    if (stopped() || button?.getAttribute("aria-disabled") === "true") { say(whyNot(button)); return event.preventDefault(); }
    const unread = [...form.elements].find((field) => field.validity?.badInput); // half a date is sent as none
    if (unread && !button?.formNoValidate) { event.preventDefault(); return unread.reportValidity(); }
    if (button?.matches("[data-draft] [formnovalidate]:not([data-send])") && form.id && form.dataset.plain === undefined) {
      event.preventDefault();
      return change(form, button);
    }
    if (form.dataset.draft) { keep(form); session.set("sent", draftKey(form)); }
    document.body.dataset.sent = "";
    if (!button) return;
    const words = [...button.childNodes];
    button.style.minWidth = `${button.offsetWidth}px`;
    button.setAttribute("aria-disabled", "true");
    button.replaceChildren("Sending…");
    setTimeout(() => { // no answer yet: it may be tried again
      delete document.body.dataset.sent;
      button.removeAttribute("aria-disabled");
      button.replaceChildren(...words);
    }, 15000);
  };

  // ---- Keys ----
  const off = () => /(^|; )handrail-keyboard=off/.test(document.cookie);
  const inField = (element) => element && (element.isContentEditable || element.matches?.("input:not([name=pick], [name=view]), textarea, select"));
  let seen = true;
  const watchEvidence = () => {
    const evidence = one("[data-evidence]");
    seen = !evidence;
    if (!evidence) return;
    const end = make("span", { className: "end" });
    evidence.after(end);
    new IntersectionObserver((found) => { if (found.some((each) => each.isIntersecting)) seen = true; }).observe(end);
  };
  const press = (key) => {
    const inMenu = (each) => each.closest("details.more")?.checkVisibility();
    const target = all(`[data-key="${key}"]`).find((each) => each.checkVisibility() || inMenu(each));
    if (!target) return false;
    if (target.getAttribute("aria-disabled") === "true") { say(whyNot(target)); return true; }
    if (target.matches("textarea")) { target.focus(); return true; }
    if (target.matches("[data-firm]") && document.activeElement !== target) { // what can't be taken back isn't one key away
      const menu = target.closest("details.more");
      if (menu) menu.open = true;
      target.focus();
      say("Press again to abstain.");
      return true;
    }
    if (target.matches("[data-beside]")) session.set("opened", "1");
    if (target.matches("[data-approve]") && !seen && document.activeElement !== target) {
      target.focus();
      say("You have not seen all of it. Press again to approve.");
      return true;
    }
    target.click();
    return true;
  };
  const batch = (key) => { // what is selected goes before what is open
    const button = one(`[data-batch="${key}"]`);
    if (!button?.checkVisibility()) return false;
    button.click();
    return true;
  };
  const send = (here) => {
    const form = here?.closest?.("form") || one("#answer, form.many");
    const button = form && [...form.elements].find((each) => each.matches("[data-send]"));
    if (button) form.requestSubmit(button);
    return !!button;
  };
  const close = (here) => {
    const open = all("details.pop[open]").pop();
    if (open) { open.open = false; one("summary", open).focus(); return true; }
    if (inField(here)) here.blur();
    return false;
  };
  // What is selected stays so from page to page of one list, for as long as the tab is open.
  const pickedKey = () => `picked ${one("[data-list]")?.dataset.list}`;
  const keepPicked = () => {
    const ids = all("input[name=pick]:checked:not(:disabled)").map((box) => box.value);
    if (one("[data-list]")) session.set(pickedKey(), ids.length ? JSON.stringify(ids) : null);
  };
  const restorePicked = () => {
    let ids;
    try { ids = JSON.parse(session.get(pickedKey())) ?? []; } catch { ids = []; }
    for (const box of all("input[name=pick]:not(:disabled)")) if (ids.includes(box.value)) box.checked = true;
    keepPicked();
  };
  const pick = () => {
    const box = one(".item:has(a[aria-current]) input[name=pick]");
    if (!box || box.disabled) return false;
    box.checked = !box.checked;
    keepPicked();
    say(box.checked ? "Selected" : "Not selected");
    return true;
  };
  const search = () => { const field = one("#q"); field?.focus(); field?.select(); return !!field; };
  let going = 0;
  const go = (key) => {
    const address = Date.now() - going < 1500 && { i: "/inbox", b: "/boards", r: "/runs" }[key];
    going = key === "g" ? Date.now() : 0;
    if (address) location.assign(address);
    return !!address;
  };
  const keys = (event) => {
    const here = document.activeElement;
    const done = (key) => {
      if (key === "Enter" && (event.ctrlKey || event.metaKey)) return send(here);
      if (one("dialog[open]")) return false; // the browser closes it
      if (key === "Escape") return close(here);
      if (off() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || inField(here)) return false;
      if (go(key)) return true;
      switch (key) {
        case "/": return search();
        case "?": showKeys(); return true;
        case "x": return pick();
        case "a": case "r": return !event.repeat && (batch(key) || press(key));
        case "j": case "k": case "e": case "c": case "v": case "f": case "u": case "b": case "l": case "m": case "s": case "w": return !event.repeat && press(key);
      }
      return false;
    };
    if (done(event.key)) event.preventDefault();
  };
  const showKeys = async () => {
    let dialog = one("#keys");
    if (!dialog) {
      const answer = await lookAt(one("a[data-keyboard]")?.href || "/keyboard").catch(() => null);
      const list = answer?.ok && one("#all-keys", await parsed(answer));
      if (!list) return;
      const button = make("button", { className: "btn push", type: "button", textContent: "Close" });
      const head = make("div", { className: "row" }, make("h2", { id: "keys-h", textContent: "Keyboard" }), button); // focus goes to the button: the list is shown from its beginning
      dialog = make("dialog", { id: "keys" }, head, list);
      dialog.setAttribute("aria-labelledby", "keys-h");
      button.addEventListener("click", () => dialog.close());
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  };

  // ---- Live: counts and times change in place; what is new waits to be let in; what is read never moves ----
  const idsOf = (within) => all("[data-item]", within).map((item) => item.dataset.item);
  const known = new Set(idsOf(document));
  const ENDS = { RESOLVED: "Decided", EXPIRED: "Expired", WITHDRAWN: "Withdrawn" }, TAKEN = { ...ENDS, CLAIMED: "Claimed" };
  const stateOf = async (id) => {
    const answer = await fetch(`/requests/${encodeURIComponent(id)}/state`);
    return answer.ok ? answer.json() : answer.status === 404 ? { status: "GONE" } : null;
  };
  const setCounts = (page) => {
    for (const fresh of all("[data-count]", page)) {
      for (const old of all(`[data-count="${fresh.dataset.count}"]`)) if (old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh.cloneNode(true));
    }
    const total = one(".list-head .meta", page);
    if (total) one(".list-head .meta").textContent = total.textContent;
  };
  const setItem = (item, fresh) => {
    if (fresh.innerHTML === item.innerHTML && fresh.className === item.className) return;
    const picked = one("input", item).checked, focused = document.activeElement === one("a", item);
    item.className = fresh.className;
    item.replaceChildren(...fresh.cloneNode(true).childNodes);
    one("input", item).checked = picked && !one("input", item).disabled;
    if (item.dataset.item === reading) one("a", item).setAttribute("aria-current", "true");
    if (focused) one("a", item).focus();
  };
  const endItem = async (item) => {
    const word = TAKEN[(await stateOf(item.dataset.item))?.status]; // it may only be further down now
    if (!word) return;
    item.classList.add("is-gone");
    Object.assign(one("input", item), { checked: false, disabled: true });
    keepPicked();
    const told = one(".due", item);
    told.removeAttribute("data-due");
    Object.assign(told, { textContent: word, className: "due" });
  };
  const look = async () => {
    const list = one("[data-list]");
    if (!list) return;
    const answer = await lookAt(list.dataset.list);
    if (!answer.ok) return;
    const page = await parsed(answer), now = new Map(all("[data-item]", page).map((item) => [item.dataset.item, item]));
    setCounts(page);
    for (const item of all("[data-item]:not(.is-gone)")) {
      const fresh = now.get(item.dataset.item);
      if (fresh) setItem(item, fresh); else await endItem(item);
    }
    const arrived = [...now.keys()].filter((id) => !known.has(id)).length, place = one("[data-arrivals]");
    one("button", place).textContent = `${arrived} new`;
    place.hidden = !arrived;
    if (arrived && !known.size && !inField(document.activeElement)) location.reload(); // nothing is being read
  };
  const letIn = async () => {
    const list = one("[data-list]"), picked = new Set(all("input[name=pick]:checked").map((box) => box.value));
    if (!window.htmx) return location.reload();
    await htmx.ajax("GET", list.dataset.list, { target: list, swap: "outerHTML", select: "#list" });
    idsOf(document).forEach((id) => known.add(id));
    for (const item of all("[data-item]")) {
      if (item.dataset.item === reading) one("a", item).setAttribute("aria-current", "true");
      one("input", item).checked = picked.has(item.dataset.item);
    }
    one("[data-item] a")?.focus();
  };
  const VERBS = "[data-verbs] .btn:not([data-discard]), .menu .btn, [data-send]";
  const stopVerbs = (why) => {
    for (const verb of all(VERBS)) { verb.setAttribute("aria-disabled", "true"); verb.removeAttribute("data-paused"); verb.title = why; }
  };
  const notice = (text, address, word, mark) => {
    one(`[data-${mark}]`)?.remove();
    const strip = make("div", { className: "strip is-soon", role: "status" }, make("span", { textContent: text }));
    all(".strip[data-notice]").forEach((told) => told.remove()); // it was true of what was there before
    if (address) strip.append(make("a", { className: "btn push", href: address, textContent: word }));
    strip.setAttribute(`data-${mark}`, "");
    (one("#main") || document.body).prepend(strip);
  };
  const lookAtRequest = async () => {
    const main = one("#main[data-request]");
    if (!main) return;
    const state = await stateOf(reading);
    if (!state?.version) return;
    const newer = state.newer && state.newer !== main.dataset.latest;
    if (!newer && String(state.version) === main.dataset.version) return;
    main.dataset.version = state.version;
    const here = `/requests/${encodeURIComponent(reading)}${location.search}`;
    const ended = state.status in ENDS;
    if (newer) {
      main.dataset.latest = state.newer;
      const text = `Revision ${state.newer_revision} is here: it arrived while you were reading ${main.dataset.revision}.`;
      notice(text, `/requests/${encodeURIComponent(state.newer)}${location.search}`, "Show what changed", "live-notice");
      stopVerbs(text);
    } else if (ended) {
      const yours = state.yours ? "That is yours already; it counts once." : "Nothing of yours was counted; what you typed is kept.";
      const text = [`${state.settled}.`, state.words, yours].filter(Boolean).join(" ");
      notice(text, here, "See the decision", "live-notice");
      one("[data-live-notice]").append(make("a", { className: "btn primary", href: one(".bar .back").href, textContent: "Next request" }));
      stopVerbs(text);
    } else if (state.claimed_by) {
      const text = `${state.claimed_by} has claimed this; what you typed is kept.`;
      notice(text, here, "Show it", "live-notice");
      stopVerbs(text);
    } else notice("This has changed while you were reading.", here, "Show it", "live-notice");
  };

  // ---- Connected or not: a stream that is read with fetch, because that tells why it ended ----
  let heard = new Date(), following = null, again = 1, waiting = null, resting = null, soon = null, looked = 0;
  const runs = new Set(); // of which something has happened; "*" for who knows what
  const tellOthers = () => { document.dispatchEvent(new CustomEvent("handrail:look", { detail: [...runs] })); runs.clear(); };
  const lookNow = () => { soon = null; looked = Date.now(); tellOthers(); Promise.all([look(), lookAtRequest()]).catch(() => { /* the stream tells */ }); };
  const changed = () => { soon ??= setTimeout(lookNow, Math.max(30, looked + 500 - Date.now())); };
  const offline = () => {
    if (document.body.dataset.offline === undefined) {
      document.body.dataset.offline = "";
      for (const verb of all(VERBS)) {
        if (verb.getAttribute("aria-disabled") !== "true") { verb.setAttribute("aria-disabled", "true"); verb.dataset.paused = ""; }
      }
      const retry = make("button", { className: "btn push", type: "button", textContent: "Try now" });
      retry.addEventListener("click", () => { again = 1; follow(); });
      const words = make("span", {}, make("b", { textContent: "Not connected." }), ` What you see is from ${clockOf(heard)}. It tries again by itself; what you type is kept.`);
      (one("#main") || document.body).prepend(make("div", { id: "offline", className: "strip is-soon", role: "status" }, words, retry));
    }
    one("[data-live-state]")?.setAttribute("hidden", "");
  };
  const online = (live) => {
    const back = document.body.dataset.offline !== undefined;
    delete document.body.dataset.offline;
    one("#offline")?.remove();
    for (const verb of all("[data-paused]")) { verb.removeAttribute("aria-disabled"); delete verb.dataset.paused; }
    one("[data-live-state]")?.toggleAttribute("hidden", !live);
    if (back) say("Connected again.");
    runs.add("*");
    changed(); // something may have happened before anybody listened
  };
  const read = async (answer, alive) => {
    const decoder = new TextDecoder(), reader = answer.body.getReader();
    for (let text = "", chunk; !(chunk = await reader.read()).done;) {
      alive();
      heard = new Date();
      text += decoder.decode(chunk.value, { stream: true });
      for (const [, run] of text.matchAll(/^data: .*"run_id": ("(?:[^"\\]|\\.)*")/gm)) runs.add(JSON.parse(run));
      if (/^event:/m.test(text)) changed();
      text = text.slice(text.lastIndexOf("\n") + 1);
    }
  };
  const SILENCE = 40000; // the server says something every 15 seconds
  const follow = async () => {
    clearTimeout(waiting);
    following?.abort();
    const mine = following = new AbortController();
    let silence;
    const alive = () => { clearTimeout(silence); silence = setTimeout(() => mine.abort(), SILENCE); };
    let lost = true;
    try {
      alive();
      const answer = await fetch(document.body.dataset.live, { signal: mine.signal, cache: "no-store" });
      if (answer.status === 401) return signedOut();
      lost = false;
      online(answer.ok);
      again = answer.ok ? 1 : 15;
      if (answer.ok) await read(answer, alive);
    } catch { /* told below */ }
    clearTimeout(silence);
    if (following !== mine) return; // another one follows now, or nobody looks
    if (lost) offline();
    waiting = setTimeout(follow, again * 1000);
    if (lost) again = Math.min(again * 2, 15);
  };
  const signedOut = () => {
    const back = location.pathname + location.search;
    notice("You are signed out; what you type is kept.", `/login?next=${encodeURIComponent(back)}`, "Sign in", "signed-out");
  };
  const rest = () => { clearTimeout(waiting); const last = following; following = null; last?.abort(); };

  // ---- Begin ----
  document.addEventListener("submit", sending);
  document.addEventListener("keydown", keys);
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) event.target.form.requestSubmit(); if (event.target.name === "pick") keepPicked(); });
  document.addEventListener("click", (event) => {
    const { target } = event, unable = target.closest('[aria-disabled="true"]');
    if (unable) { event.preventDefault(); event.stopPropagation(); return say(whyNot(unable)); }
    if (target.closest("[data-arrivals] button")) return letIn();
    if (target.closest("[data-keyboard]")) { event.preventDefault(); return showKeys(); }
    if (target.closest("[data-discard]")) store.set(draftKey(one("#edit")), null);
    const summary = target.closest("details.pop > summary");
    if (summary) setTimeout(() => summary.parentElement.open && one("textarea", summary.parentElement)?.focus());
    for (const menu of all("details.more[open]")) if (!menu.contains(target)) menu.open = false;
  }, true);
  // What another script has put into the page.
  document.addEventListener("handrail:shown", ({ detail: within }) => {
    localise(within);
    keepDraftsIn(within);
    if (one("[data-evidence]", within)) watchEvidence();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  localise();
  tick();
  keepDrafts();
  watchEvidence();
  if (one("[data-notice]")) { one("#title")?.focus({ preventScroll: true }); say(one("[data-notice]").textContent.trim()); }
  if (session.get("opened")) { // by a key: where one reads on, and what it is
    session.set("opened", null);
    one("#title")?.focus({ preventScroll: true });
    say(one("#title") ? `${one("[data-place]")?.textContent ?? ""} ${one("#title").textContent}`.trim() : "");
  }
  restorePicked();
  for (const link of all('a[href$="#edit"]')) link.hash = ""; // it would take the focus from the field
  const editable = "textarea, select, input:not([type=hidden])";
  (one("#problem") || one("[autofocus]") || all(`#edit :is(${editable})`).find((field) => field.checkVisibility()))?.focus();
  if (document.body.dataset.live) {
    addEventListener("offline", offline);
    addEventListener("online", follow);
    // A browser has few connections for one server: a page that nobody looks at gives its own back.
    document.addEventListener("visibilitychange", () => {
      clearTimeout(resting);
      if (document.hidden) resting = setTimeout(rest, 5000);
      else if (!following) follow();
    });
    follow();
  }
})();

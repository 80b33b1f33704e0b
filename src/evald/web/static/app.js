// Makes pages quicker to the hand. Whatever it does is a link, a button or a form without it.
//
// What a page says to it, by attributes:
//   data-row           a row that j and k walk; the one that holds the focus is the current one
//   data-open          the row's link, which has the focus when the row is current: Enter opens it
//   data-failure       a row that n and p stop at
//   data-key="c"       the link or button that this key presses, or the field that it goes to;
//                      "Escape" is the way back of a page or the closing of a pane
//   data-soft          a link or a GET form whose page takes the place of this one's content, without
//                      a new load; data-soft="keep" leaves the scrolling where it is
//   data-busy          beside data-soft or data-choose: what is said while the answer is awaited
//   data-swap          what changes with a soft page besides <main>: an element with an id
//   data-follow        where events say how a run goes on; data-live names a figure that they change,
//                      data-news is the link, hidden until there is something, to the rows since
//   data-choose="8"    a form of checkboxes of which two to so many are sent, with commas between
//   data-help, data-close, data-theme-form   of the frame

const root = document.documentElement;
const theme = { cookie: "evald_theme", seconds: 365 * 24 * 3600 };

const all = (what, within = document) => [...within.querySelectorAll(what)];
const one = (what, within = document) => within.querySelector(what);

function say(words) {
  one("#said").textContent = words;
}

// Rows ---------------------------------------------------------------------------------------

function focusRow(row) {
  const target = one("[data-open]", row) ?? one("a, button, input", row) ?? row;
  if (target === row) row.tabIndex = -1;
  target.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(rows, forward) {
  const here = document.activeElement?.closest("[data-row]");
  const order = all("[data-row]");
  const at = here ? order.indexOf(here) : forward ? -1 : order.length;
  const beyond = rows.filter((row) => (forward ? order.indexOf(row) > at : order.indexOf(row) < at));
  const next = forward ? beyond[0] : beyond.at(-1);
  if (next) focusRow(next);
  else say(forward ? "No further row on this page." : "No row before this one on this page.");
}

// Keys ---------------------------------------------------------------------------------------

function press(key) {
  const target = one(`[data-key="${key}"]`);
  if (!target) return false;
  if (target.matches("input, select, textarea")) {
    target.focus();
    target.select?.();
  } else target.click();
  return true;
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link of this page is copied.");
  } catch {
    say("The browser did not let the link be copied; it stands in the address bar.");
  }
}

function escape() {
  const help = one("#help");
  if (help?.open) return help.close();
  const here = document.activeElement;
  if (here?.matches("input, select, textarea")) return here.blur();
  return press("Escape");
}

const KEYS = {
  j: () => step(all("[data-row]"), true),
  k: () => step(all("[data-row]"), false),
  n: () => press("n") || step(all("[data-failure]"), true),
  p: () => press("p") || step(all("[data-failure]"), false),
  "/": () => press("/"),
  f: () => press("f"),
  c: () => press("c"),
  d: () => press("d"),
  y: copyLink,
  "?": showHelp,
};

function isTyping(target) {
  return target instanceof Element && target.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (!one("#help")?.open) escape();
    return;
  }
  const act = KEYS[event.key];
  if (!act || isTyping(event.target) || one("dialog[open]")) return;
  event.preventDefault();
  act();
});

// Help and theme -----------------------------------------------------------------------------

function showHelp() {
  one("#help")?.showModal();
}

function chooseTheme(name) {
  document.cookie = `${theme.cookie}=${name}; path=/; max-age=${theme.seconds}; samesite=lax`;
  if (name === "system") delete root.dataset.theme;
  else root.dataset.theme = name;
  one('meta[name="color-scheme"]').content = name === "system" ? "light dark" : name;
  for (const each of all("[data-theme-form] button")) each.setAttribute("aria-pressed", String(each.value === name));
}

// Soft pages ---------------------------------------------------------------------------------

const QUICK_MS = 300;
let under_way = null;
let awaited = null;

// What the answer will change is marked as busy; the style sheet shows it, once it is not quick.
function await_in(region, words) {
  rest();
  region.setAttribute("aria-busy", "true");
  region.dataset.busy = words;
  awaited = { region, timer: setTimeout(() => say(words), QUICK_MS) };
}

function rest() {
  clearTimeout(awaited?.timer);
  awaited?.region.removeAttribute("aria-busy");
  awaited = null;
}

function regionOf(url, from) {
  // An item that is opened changes no row.
  if (from?.matches("[data-open]")) return one("#pane") ?? from;
  const named = document.getElementById(new URL(url, location).hash.slice(1));
  return named ?? from?.closest("section[id]") ?? one("main");
}

async function go(url, { keep = false, push = true, scroll = 0, from = null } = {}) {
  under_way?.abort();
  under_way = new AbortController();
  await_in(regionOf(url, from), from?.dataset.busy ?? "Loading…");
  let page;
  try {
    const answer = await fetch(url, { signal: under_way.signal, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return location.assign(url);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (fault) {
    if (fault.name !== "AbortError") location.assign(url);
    return;
  }
  rest();
  if (push) {
    history.replaceState({ scroll: scrollY }, "");
    history.pushState({ scroll: 0 }, "", url);
  }
  show(page);
  if (!keep) scrollTo(0, scroll);
}

function show(page) {
  const focused = document.activeElement?.id;
  one("main").replaceWith(one("main", page));
  for (const each of all("[data-swap]", page)) document.getElementById(each.id)?.replaceWith(each);
  const next = one('[data-theme-form] [name="next"]');
  if (next) next.value = location.pathname + location.search;
  document.title = page.title;
  const known = focused ? document.getElementById(focused) : null;
  const opened = one("[data-open][aria-current]");
  // Whoever walked the rows goes on from the one that is open now.
  const target = (known?.matches("[data-open]") && opened) || known || one("main");
  target.focus({ preventScroll: true });
  opened?.closest("[data-row]").scrollIntoView({ block: "nearest" });
  say(document.title);
  follow();
}

function softUrl(form) {
  const url = new URL(form.action);
  const given = [...new FormData(form)].filter(([, value]) => value !== "");
  url.search = new URLSearchParams(given);
  return url.href;
}

// Following a run ----------------------------------------------------------------------------

let events = null;

function follow() {
  events?.close();
  const place = one("[data-follow]");
  if (!place) return;
  const shown = one("progress", place)?.value ?? 0;
  events = new EventSource(place.dataset.follow);
  events.addEventListener("progress", (event) => {
    const news = JSON.parse(event.data);
    tell(news, place);
    const more = news.done - shown;
    if (more > 0) offer(place, `${more.toLocaleString("en")} new`);
  });
  events.addEventListener("end", () => {
    events.close();
    offer(place, "The run has ended: show all of it");
  });
}

function tell(news, place) {
  for (const each of all("[data-live]")) if (news[each.dataset.live]) each.textContent = news[each.dataset.live];
  const bar = one("progress", place);
  if (bar) bar.value = news.done;
  document.title = `${news.title} · evald`;
}

function offer(place, words) {
  const link = one("[data-news]", place);
  link.textContent = words;
  link.hidden = false;
}

// Choosing runs ------------------------------------------------------------------------------

function chosen(form) {
  return all("input[type=checkbox]:checked", form).map((each) => each.value);
}

function sayChosen(form) {
  const count = chosen(form).length;
  const most = Number(form.dataset.choose);
  for (const each of all("input[type=checkbox]:not(:checked)", form)) each.disabled = count >= most;
  const place = one("#chosen", form);
  if (place) place.textContent = count ? `${count} chosen` : "";
}

function compare(form) {
  const runs = chosen(form);
  if (runs.length < 2) return say("Choose two runs or more to compare them.");
  const url = new URL(form.action);
  url.search = `runs=${runs.map(encodeURIComponent).join(",")}`;
  await_in(form, form.dataset.busy);
  return location.assign(url);
}

// What is clicked and sent -------------------------------------------------------------------

function linkAt(target) {
  const link = target.closest?.("a");
  if (link || target.closest?.("button, input, select, summary, label") || String(getSelection())) return link;
  return one("[data-open]", target.closest?.("[data-row]") ?? document.createElement("p"));
}

document.addEventListener("click", (event) => {
  const link = linkAt(event.target);
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if ("help" in link.dataset) showHelp();
  else if ("close" in link.dataset && one("#help").open) one("#help").close();
  else if ("soft" in link.dataset) go(link.href, { keep: link.dataset.soft === "keep", from: link });
  else if (link.contains(event.target)) return;
  else location.assign(link.href);
  event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if ("themeForm" in form.dataset && event.submitter) chooseTheme(event.submitter.value);
  else if ("choose" in form.dataset) compare(form);
  else if ("soft" in form.dataset) go(softUrl(form), { keep: form.dataset.soft === "keep", from: form });
  else return;
  event.preventDefault();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-choose]");
  if (form) sayChosen(form);
});

addEventListener("popstate", (event) => {
  if (event.state) go(location.href, { push: false, scroll: event.state.scroll ?? 0 });
});

addEventListener("pageshow", rest); // a browser that goes back shows a page as it was left

history.replaceState({ scroll: scrollY }, "");
all("[data-choose]").forEach(sayChosen);
follow();

// The panel beside its notebook: a second view, in a column of the notebook's own, 360 pixels wide. So it goes with its
// notebook, and needs nothing of JupyterLab but the notebook's frame, which Notebook 7 has, too.

const FRAME = ".jp-NotebookPanel";
const WANTED = "lab-beside"; // the key under which the page remembers that panels are to stand beside their notebooks

function isWanted() {
  try {
    return sessionStorage.getItem(WANTED) === "yes";
  } catch {
    return false; // where the browser keeps nothing for this page
  }
}

function want(yes) {
  try {
    sessionStorage.setItem(WANTED, yes ? "yes" : "no");
  } catch {
    // Then it is so for this notebook only.
  }
  document.dispatchEvent(new Event(WANTED)); // The panels of other notebooks stand beside them, too, or no more.
}

// Lets a view in a notebook's output stand beside the notebook as well, for as long as that is wanted. `draw` shows
// the same in an element, and returns what ends that.
function standBeside(el, draw) {
  let mine = null; // the column that this view has opened
  const column = () => el.closest(FRAME)?.querySelector(":scope > .lab-beside");

  function follow() {
    const old = column();
    if (!isWanted()) return old?.end();
    // A panel that was opened anew takes the place of one whose kernel has ended.
    if (!old || old.querySelector(".lab-dead")) open();
  }

  function open() {
    const frame = el.closest(FRAME);
    if (!frame || column()?.source === el) return;
    column()?.end();
    const made = newColumn(frame);
    const end = draw(made.appendChild(document.createElement("div")));
    made.source = el;
    mine = made;
    made.end = () => {
      mine = null;
      end();
      made.remove();
      frame.classList.remove("lab-has-beside");
    };
  }

  // A view is drawn before it has its place in the page.
  const placed = new ResizeObserver(() => {
    if (!el.isConnected) return;
    placed.disconnect();
    el.classList.toggle("lab-alone", !el.closest(FRAME));
    if (el.querySelector("[data-beside]")) follow();
  });
  placed.observe(el);
  const onClick = (event) => {
    if (!event.target.closest("[data-beside]")) return;
    want(true);
    open();
  };
  const onWanted = () => el.querySelector("[data-beside]") && follow();
  el.addEventListener("click", onClick);
  document.addEventListener(WANTED, onWanted);
  return () => {
    placed.disconnect();
    document.removeEventListener(WANTED, onWanted);
    if (mine?.source === el) mine.end(); // It hears of its model through this view.
  };
}

function newColumn(frame) {
  const made = document.createElement("aside");
  made.className = "lab-beside";
  made.setAttribute("aria-label", "The lab's panel");
  made.style.top = `${frame.querySelector(":scope > .jp-Notebook, :scope > .jp-WindowedPanel-outer")?.offsetTop ?? 0}px`;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.setAttribute("aria-label", "Close the panel beside the notebook");
  close.addEventListener("click", () => {
    want(false);
    made.end();
  });
  made.append(close);
  frame.append(made);
  frame.classList.add("lab-has-beside");
  return made;
}

"""A live view in a page of a browser, without Jupyter: its script, with a stand-in for the model of the kernel."""

from lab_harness.notebook.panel.live import LiveView

# As anywidget does it: a module out of a blob, rendered with a model. The stand-in keeps what was sent.
SHOW = """async ({ script, style, fragments }) => {
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const { default: widget } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const el = document.body.appendChild(document.createElement("div"));
  window.sent = [];
  window.blurred = 0;
  el.addEventListener("focusout", () => window.blurred++);
  const model = { get: () => fragments, off() {}, send: (message) => window.sent.push(message) };
  model.on = (name, react) => {
    if (name === "change:fragments") window.change = (next) => react(fragments = next);
    if (name === "msg:custom") window.hear = react;
    if (name === "comm_live_update") window.die = react;
  };
  widget.render({ model, el });
}"""


def show_view(page, fragments):
    """Show a view with these fragments; from then on `window.change` puts others in their place."""
    state = LiveView(lambda _: None, lambda _: fragments, str).get_state()
    page.evaluate(SHOW, {"script": state["_esm"], "style": state["_css"], "fragments": fragments})

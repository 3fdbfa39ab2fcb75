"""WebKitGTK as a browser that WebDriver may steer, with a microphone that beeps and is granted.

MiniBrowser grants nothing under automation, so this is a browser of our own. No arguments of its own.
"""

# mypy: ignore-errors
# It runs under another Python than the project's, the one that has WebKit's bindings.

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402 - versions come first

# Settings beside those of every Safari: sound needs a gesture, as there.
SETTINGS = {
    "enable-media-stream": True,
    "enable-mock-capture-devices": True,
    "media-playback-requires-user-gesture": True,
}
# What goes wrong in the page is kept in it; also what a module does before our tests look.
KEEPS_ERRORS = """window.__errors = [];
{
  const keep = (...words) => __errors.push(words.join(' '));
  const broken = ({message, target}) => keep(message ?? `did not load: ${target.src ?? target.href}`);
  addEventListener('error', broken, true);
  addEventListener('unhandledrejection', ({reason}) => keep(reason));
  const complain = console.error;
  console.error = (...words) => (keep(...words), complain(...words));
}"""


def view_of(context):
    """Open a window with one page."""
    settings = WebKit2.Settings()
    for name, value in SETTINGS.items():
        settings.set_property(name, value)
    view = WebKit2.WebView(is_controlled_by_automation=True, web_context=context, settings=settings)
    where, when = WebKit2.UserContentInjectedFrames.TOP_FRAME, WebKit2.UserScriptInjectionTime.START
    view.get_user_content_manager().add_script(WebKit2.UserScript(KEEPS_ERRORS, where, when))
    view.connect("permission-request", lambda _, request: request.allow() or True)
    window = Gtk.Window()
    window.set_default_size(1280, 800)
    window.add(view)
    window.show_all()
    return view


def main():
    """Run until WebDriver ends us."""
    # Without a graphics card the breathing sky takes both cores.
    Gtk.Settings.get_default().set_property("gtk-enable-animations", False)
    context = WebKit2.WebContext.new_ephemeral()
    context.set_preferred_languages(["en-GB"])
    context.set_automation_allowed(True)
    started = lambda _, session: session.connect("create-web-view", lambda _: view_of(context))  # noqa: E731
    context.connect("automation-started", started)
    Gtk.main()


if __name__ == "__main__":
    main()

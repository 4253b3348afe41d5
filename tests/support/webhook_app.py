"""An app that may call loopback, for `handrail serve`."""

from handrail import App

app = App(allow_hosts="127.0.0.1", channels={})
